@ Exception returns, for modes_asm.S and returns_asm.S.
        .macro  function name
        .balign 4
        .global \name
        .type   \name, %function
\name:
        .endm

@ u32 NAME(u32 spsr, u32 mode, u32 scratch[8]): from `mode` with that SPSR, an exception return to
@ code of SPSR.T's instruction set. Gives the CPSR there as MRS shows it, with bit 5 for T32.
        .macro  leave name, offset, insn
        function \name
        push    {r4-r8, lr}
        mrs     r4, cpsr
        bic     r12, r4, #0x1f
        orr     r12, r12, r1
        ldr     r3, =landed_a32
        tst     r0, #0x20
        it      ne
        ldrne   r3, =landed_t32
        add     r5, r2, #8
        msr     cpsr_c, r12
        msr     spsr_fsxc, r0
        add     lr, r3, #\offset
        msr     apsr_nzcvq, r4
        \insn
        .ltorg
        .endm

        .macro  landing
        setend  le
        and     r1, r0, #0x1f
        cmp     r1, #0x10
        bne     1f
        svc     0x55
1:      cps     #0x1f
        pop     {r4-r8, pc}
        .endm
        .arm
        .balign 4
landed_a32:
        mrs     r0, cpsr
        landing
        .thumb
        .balign 4
landed_t32:
        mrs     r0, cpsr
        orr     r0, r0, #0x20
        landing

