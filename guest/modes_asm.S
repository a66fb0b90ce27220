@ What C cannot express about modes. Everything is entered in System mode and returns to it.
        .syntax unified
        .arch_extension virt
        .text
#include "leave.h"
#ifdef __thumb__
        .thumb
#else
        .arm
#endif
@ void swap_bank(u32 mode, u32 regs[3]): exchanges sp, lr and spsr of a mode with regs.
        function swap_bank
        push    {r4-r8, lr}
        mrs     r7, cpsr
        bic     r2, r7, #0x1f
        orr     r2, r2, r0
        mov     r0, r7                  @ r8 and up would not survive FIQ mode
        ldm     r1, {r3-r5}
        msr     cpsr_c, r2
        mov     r6, sp
        mov     sp, r3
        str     r6, [r1]
        str     lr, [r1, #4]
        mov     lr, r4
        and     r7, r2, #0x1f
        cmp     r7, #0x1f               @ System mode has no SPSR
        beq     1f
        mrs     r6, spsr
        str     r6, [r1, #8]
        msr     spsr_fsxc, r5
1:      msr     cpsr_c, r0
        pop     {r4-r8, pc}

@ void swap_fiq(u32 regs[5]): exchanges r8_fiq..r12_fiq with regs.
        function swap_fiq
        push    {r4-r12, lr}
        cps     #0x11
        ldm     r0, {r3-r7}
        stm     r0, {r8-r12}
        mov     r8, r3
        mov     r9, r4
        mov     r10, r5
        mov     r11, r6
        mov     r12, r7
        cps     #0x1f
        pop     {r4-r12, pc}

@ u32 see_r8(u32 mode): r8 set to 0x88 in System mode, as the mode sees it.
        function see_r8
        push    {r4-r8, lr}
        mrs     r4, cpsr
        bic     r1, r4, #0x1f
        orr     r1, r1, r0
        mov     r8, #0x88
        msr     cpsr_c, r1
        mov     r0, r8
        msr     cpsr_c, r4
        pop     {r4-r8, pc}

@ void user_bank(u32 out[2], const u32 in[2]): LDM/STM of User's sp and lr from Supervisor mode.
@ T32 has neither, so that they are A32 in both builds.
        .arm
        function user_bank
        push    {r4, r5, lr}
        cps     #0x13
        mov     r4, sp
        mov     r5, lr
        ldr     sp, =0x5c5c5c5c
        ldr     lr, =0x1c1c1c1c
        stmia   r0, {sp, lr}^
        ldmia   r1, {sp, lr}^
        nop
        str     sp, [r0, #8]
        str     lr, [r0, #12]
        add     r0, r0, #16
        stmia   r0, {sp, lr}^
        sub     r0, r0, #16
        ldmia   r0, {sp, lr}^           @ what they were
        nop
        mov     sp, r4
        mov     lr, r5
        cps     #0x1f
        pop     {r4, r5, pc}
        .ltorg

        .arm
        leave   a32_movs, 0, "movs pc, lr"
        leave   a32_subs, 8, "subs pc, lr, 8"
        leave   a32_ldm, 0, "str lr, [r5]; ldm r5!, {pc}^"
        leave   a32_ldmdb, 0, "str lr, [r5, -4]; ldmdb r5, {r6, pc}^"
        leave   a32_ldmib, 0, "str lr, [r5, 8]; ldmib r5, {r6, pc}^"
        leave   a32_ldmda, 0, "str lr, [r5]; ldmda r5!, {r6, pc}^"
        leave   a32_rfeia, 0, "str lr, [r5]; str r0, [r5, 4]; rfeia r5"
        leave   a32_rfeib, 0, "str lr, [r5, 4]; str r0, [r5, 8]; rfeib r5!"
        leave   a32_rfeda, 0, "str lr, [r5, -4]; str r0, [r5]; rfeda r5"
        leave   a32_rfedb, 0, "str lr, [r5, -8]; str r0, [r5, -4]; rfedb r5!"
        .thumb
        leave   t32_subs, 8, "subs pc, lr, 8"
        leave   t32_subs0, 0, "subs pc, lr, 0"
        leave   t32_rfeia, 0, "str lr, [r5]; str r0, [r5, 4]; rfeia r5!"
        leave   t32_rfedb, 0, "str lr, [r5, -8]; str r0, [r5, -4]; rfedb r5"

@ void NAME(u32 scratch[8]): SRS from Undefined mode (LR and SPSR known) with Abort's stack pointer in
@ the middle of scratch; scratch[7] = how far that moved.
        .macro  srs name, insn
        function \name
        push    {r4-r8, lr}
        add     r4, r0, #12
        cps     #0x17
        mov     r5, sp
        mov     sp, r4
        cps     #0x1b
        ldr     lr, =0x11111111
        ldr     r1, =0x6000011f
        msr     spsr_fsxc, r1
        \insn
        cps     #0x17
        mov     r1, sp
        mov     sp, r5
        cps     #0x1f
        subs    r1, r1, r4
        str     r1, [r0, #28]
        pop     {r4-r8, pc}
        .ltorg
        .endm
        .arm
        srs     a32_srsia, "srsia sp, 0x17"
        srs     a32_srsib, "srsib sp!, 0x17"
        srs     a32_srsda, "srsda sp, 0x17"
        srs     a32_srsdb, "srsdb sp!, 0x17"
        .thumb
        srs     t32_srsia, "srsia sp!, 0x17"
        srs     t32_srsdb, "srsdb sp, 0x17"
        .section .note.GNU-stack, "", %progbits
