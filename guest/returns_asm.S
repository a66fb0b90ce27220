@ The data-processing instructions that return from exceptions (DDI 0406C, B9.3.20).
        .syntax unified
        .text
#include "leave.h"
        .arm
        leave   movs_shifted, 0, "mov r6, lr, lsl 1; movs pc, r6, lsr 1"
        leave   mvns, 0, "mvn r6, lr; mvns pc, r6"
        leave   ands, 0, "mvn r6, 0; ands pc, r6, lr"
        leave   bics, 0, "bics pc, lr, 1"
        leave   eors, 0, "mov r6, 0xff0; eor r7, lr, r6; eors pc, r7, r6"
        leave   orrs, 0, "bic r6, lr, 0xf0; and r7, lr, 0xf0; orrs pc, r6, r7"
        leave   adds, 0, "sub r6, lr, 0x100; adds pc, r6, 0x100"
        leave   adcs, 0, "sub r6, lr, 0x100; sub r6, r6, 1; cmp r0, r0; adcs pc, r6, 0x100"
        leave   sbcs, 0, "add r6, lr, 0x100; cmp r0, r0; sbcs pc, r6, 0x100"
        leave   rsbs, 0, "rsb r6, lr, 0; rsbs pc, r6, 0"
        leave   rscs, 0, "rsb r6, lr, 0; cmp r0, r0; rscs pc, r6, 0"
        leave   subs_register, 0, "mov r6, 16; add r7, lr, 64; subs pc, r7, r6, lsl 2"
        .section .note.GNU-stack, "", %progbits
