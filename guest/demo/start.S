@ Entry, exceptions, and what C cannot express.
        .syntax unified
        .arch armv7ve
        .fpu neon-vfpv4
        .arm
        .macro  function name
        .balign 4
        .global \name
        .type   \name, %function
\name:
        .endm

        .section .text.start, "ax"
        function _start
        mov     r4, r2
        cpsid   aif
        ldr     r0, =stacks
        .irp    mode, 0x17, 0x1b, 0x12, 0x13
        cps     #\mode
        add     r0, r0, #512
        mov     sp, r0
        .endr
        cps     #0x1f
        ldr     sp, =stack_top
        ldr     r0, =vectors
        mcr     p15, 0, r0, c12, c0, 0
        isb
        mov     r0, r4
        bl      main
        ldr     r0, =0x84000008         @ PSCI SYSTEM_OFF
        hvc     #0
1:      wfi
        b       1b

@ u32 psci(u32 function, u32 argument)
        function psci
        mov     r2, #0
        mov     r3, #0
        hvc     #0
        bx      lr

        .balign 32
        function vectors
        b       .                       @ reset
        b       undefined
        b       supervisor
        b       prefetch
        b       data
        b       .
        b       interrupt
        b       .

@ Notes kind, address and SPSR; r0-r2 are on the stack of the exception's mode.
        .macro  note kind, back
        push    {r0-r2}
        ldr     r0, =trap
        mov     r1, #\kind
        str     r1, [r0]
        sub     r1, lr, #\back
        str     r1, [r0, #4]
        mrs     r1, spsr
        str     r1, [r0, #8]
        ldr     r0, =trap_count
        ldr     r1, [r0]
        add     r1, r1, #1
        str     r1, [r0]
        pop     {r0-r2}
        .endm

undefined:                              @ all code that may be UNDEFINED here is A32
        note    1, 4
        movs    pc, lr
supervisor:
        note    2, 4
        movs    pc, lr
prefetch:                               @ back to call()
        note    3, 4
        ldr     lr, =after_call
        movs    pc, lr
data:                                   @ on with the next instruction
        note    4, 8
        subs    pc, lr, #4
interrupt:
        sub     lr, lr, #4
        push    {r0-r3, r12, lr}
        bl      on_interrupt
        ldm     sp!, {r0-r3, r12, pc}^

@ u32 call(u32 address, u32 argument)
        function call
        push    {r4, lr}
        mov     r2, r0
        mov     r0, r1
        blx     r2
after_call:
        pop     {r4, pc}

@ Benchmarks: instructions in a round are counted by bench.c.

@ 16 instructions a round: arithmetic, logic, shifts, a multiply.
        function bench_integer
        push    {r4-r6, lr}
        mov     r1, #1
        mov     r2, #3
        mov     r3, #5
        mov     r4, #7
1:      add     r1, r1, r2
        eor     r3, r3, r1, lsl #3
        sub     r4, r4, r3
        and     r5, r1, #0xff
        orr     r2, r2, r5
        mul     r6, r2, r1
        add     r3, r3, r6, lsr #7
        ror     r4, r4, #5
        bic     r2, r2, #0xf0
        adds    r1, r1, r4
        adc     r2, r2, #1
        uxtb    r5, r3
        rsb     r6, r5, r6
        eor     r1, r1, r6
        subs    r0, r0, #1
        bne     1b
        mov     r0, r1
        pop     {r4-r6, pc}

@ 13 instructions a round: 4 words copied, 16 KiB apart, wrapping at 8 KiB.
        function bench_memory
        push    {r4-r8, lr}
        mov     r2, #0
1:      add     r3, r1, r2
        ldr     r4, [r3]
        ldr     r5, [r3, #4]
        ldrb    r6, [r3, #8]
        ldrh    r7, [r3, #12]
        add     r8, r3, #16384
        str     r4, [r8]
        str     r5, [r8, #4]
        strb    r6, [r8, #8]
        add     r2, r2, #64
        bic     r2, r2, #0x2000
        subs    r0, r0, #1
        bne     1b
        pop     {r4-r8, pc}

@ 10 instructions a round: calls, returns, conditions.
        function bench_branch
        push    {r4, lr}
        mov     r1, #0
1:      bl      2f
        tst     r1, #2
        addeq   r1, r1, #3
        bl      2f
        subs    r0, r0, #1
        bne     1b
        mov     r0, r1
        pop     {r4, pc}
2:      add     r1, r1, #1
        bx      lr

@ u32 exclusive_add(u32 at, u32 value): the new value
        function exclusive_add
1:      ldrex   r2, [r0]
        add     r2, r2, r1
        strex   r3, r2, [r0]
        cmp     r3, #0
        bne     1b
        dmb
        mov     r0, r2
        bx      lr

@ u32 vfp_check(u32 results): sqrt(2), 1/3, 355/113 fused with -1, as doubles; 2^24+1 as a float
        function vfp_check
        vmov.f64 d0, #2.0
        vsqrt.f64 d1, d0
        vstr    d1, [r0]
        vmov.f64 d2, #1.0
        vmov.f64 d3, #3.0
        vdiv.f64 d4, d2, d3
        vstr    d4, [r0, #8]
        vmov.f64 d5, #-1.0
        vfma.f64 d5, d4, d3
        vstr    d5, [r0, #16]
        ldr     r1, =0x01000001
        vmov    s12, r1
        vcvt.f32.u32 s12, s12
        vstr    s12, [r0, #24]
        vcmp.f64 d1, d2
        vmrs    APSR_nzcv, fpscr
        movgt   r0, #1
        movle   r0, #0
        bx      lr

@ u32 neon_check(u32 in, u32 out): 16 bytes, saturating and widening arithmetic, a table, floats
        function neon_check
        vld1.8  {q0}, [r0]
        vqadd.u8 q1, q0, q0
        vst1.8  {q1}, [r1]!
        vmull.u8 q2, d0, d1
        vst1.16 {q2}, [r1]!
        vmov.i8 d6, #3
        vtbl.8  d7, {d0, d1}, d6
        vst1.8  {d7}, [r1]!
        vmov.f32 q4, #0.5
        vadd.f32 q4, q4, q4
        vst1.32 {d8}, [r1]!
        vpaddl.u8 q5, q0
        vpaddl.u16 q5, q5
        vpaddl.u32 q5, q5
        vadd.i64 d10, d10, d11
        vmov.32 r0, d10[0]
        bx      lr

@ u32 thumb_it(u32 value): in T32, through an IT block: |value - 100|
        .thumb
        .balign 4
        .global thumb_it
        .type   thumb_it, %function
        .thumb_func
thumb_it:
        subs    r0, #100
        it      mi
        rsbmi   r0, r0, #0
        bx      lr

        .bss
        .balign 8
        .global trap, trap_count
trap:   .space  12
trap_count:
        .space  4
stacks: .space  4 * 512
        .space  4096
stack_top:
        .section .note.GNU-stack, "", %progbits
