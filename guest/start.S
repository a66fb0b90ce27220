@ Start-up, the vector tables, and the shims that C cannot express.
        .syntax unified
        .arch_extension virt
        .arch_extension sec

@ Modes and vector kinds, as in guest.h.
        .equ    MODE_SVC, 0x13
        .equ    MODE_SYS, 0x1f

        .section .text.start, "ax"
        .arm
        .global _start
_start:
        ldr     r4, =boot_regs
        stm     r4, {r0-r2}
        ldr     r5, =bss_start
        ldr     r6, =bss_end
        mov     r7, #0
1:      cmp     r5, r6
        strlo   r7, [r5], #4
        blo     1b
        stm     r4, {r0-r2}
        mrs     r0, cpsr
        str     r0, [r4, #12]
        @ und, abt, irq and fiq only need a word to spill to; everything is handled on SVC's stack.
        ldr     r0, =spill
        cps     #0x11
        mov     sp, r0
        cps     #0x12
        mov     sp, r0
        cps     #0x17
        mov     sp, r0
        cps     #0x1b
        mov     sp, r0
        cps     #MODE_SVC
        ldr     sp, =svc_stack_end
        cps     #MODE_SYS
        ldr     sp, =sys_stack_end
#ifdef __thumb__
        ldr     r0, =vectors_t32
        mrc     p15, 0, r1, c1, c0, 0
        orr     r1, r1, #1 << 30        @ SCTLR.TE: exceptions are taken in T32
        mcr     p15, 0, r1, c1, c0, 0
#else
        ldr     r0, =vectors_a32
#endif
        mcr     p15, 0, r0, c12, c0, 0
        isb
        ldr     lr, =power_off
        ldr     pc, =main
        .ltorg

@ A vector table with its handlers, in one page so that it can be mapped anywhere.
@ Each handler builds a struct frame on the SVC stack and calls trap_entry(kind, ...).
        .macro  handler label, kind, table
\label:
        srsdb   sp!, #MODE_SVC
        .if     \kind == 2
        push    {r0-r12, lr}
        mrs     r2, cpsr
        .else
        mrs     lr, cpsr
        str     lr, [sp]
        cps     #MODE_SVC
        push    {r0-r12, lr}
        ldr     r2, =spill
        ldr     r2, [r2]
        .endif
        mov     r0, #(\kind | \table << 8)
        ldr     pc, =trap_common
        .endm

        .macro  vector_table name, table, w
        .section .vectors, "ax"
        .balign 4096
        .global \name
\name:
        b\w     9f
        b\w     11f
        b\w     12f
        b\w     13f
        b\w     14f
        b\w     9f
        b\w     16f
        b\w     17f
9:      b       9b
        handler 11, 1, \table
        handler 12, 2, \table
        handler 13, 3, \table
        handler 14, 4, \table
        handler 16, 6, \table
        handler 17, 7, \table
        .balign 4
        .ltorg
        .endm

        .arm
        vector_table vectors_a32, 0
        vector_table vectors_a32_other, 2
        .thumb
        vector_table vectors_t32, 1, .w
        vector_table vectors_t32_other, 3, .w

@ Vectors that bring CPSR, SPSR and LR back to the caller in r0, r1 and r2, whatever the endianness.
        .arm
        .section .vectors, "ax"
        .balign 4096
        .global vectors_bare
vectors_bare:
        b       .
        b       bare
        b       bare
        b       .
        b       .
        b       .
        b       .
        b       .
bare:   mrs     r0, cpsr
        mrs     r1, spsr
        mov     r2, lr
        setend  le
        movs    pc, lr

        .text
#ifdef __thumb__
        .thumb
#else
        .arm
#endif

        .macro  function name
        .balign 4
        .global \name
        .type   \name, %function
\name:
        .endm

@ In SVC mode; r0 kind and table, r2 the CPSR at entry, struct frame on the stack.
        function trap_common
        mov     r1, sp
        mov     r4, sp
        mov     r3, r4
        bic     r3, r3, #7
        mov     sp, r3
        bl      trap_entry
        mov     sp, r4
        pop     {r0-r12, lr}
        rfeia   sp!

@ u32 call(void *fn, u32 arg): a trap may abandon the call, and then it gives `call_failed`.
        function call
        push    {r3-r11, lr}
        ldr     r2, =abandon
        ldr     r3, =1f
        str     r3, [r2]
        mov     r3, r0
        mov     r0, r1
        blx     r3
1:      ldr     r2, =abandon
        mov     r3, #0
        str     r3, [r2]
        pop     {r3-r11, pc}

@ u32 call_user(void *fn, u32 arg): as call, in User mode. SVC 0x55 leads back.
        function call_user
        push    {r3-r11, lr}
        ldr     r2, =abandon
        ldr     r3, =1f
        str     r3, [r2]
        mov     r3, r0
        mov     r0, r1
        cps     #0x10
        blx     r3
1:      svc     #0x55
        ldr     r2, =abandon
        mov     r3, #0
        str     r3, [r2]
        pop     {r3-r11, pc}

@ u32 psci(u32 fn, u32 a1, u32 a2, u32 a3)
        function psci
        hvc     #0
        bx      lr

        function power_off
        ldr     r0, =0x84000008
        hvc     #0
1:      b       1b
        .ltorg

        .bss
        .balign 8
        .global boot_regs
boot_regs:
        .space  16
spill:  .space  8
        .global abandon
abandon:
        .space  8
        .space  16384
svc_stack_end:
        .space  16384
sys_stack_end:

        .section .note.GNU-stack, "", %progbits
