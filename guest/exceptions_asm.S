@ Instructions that raise exceptions, in both instruction sets: void f(u32 bad_address), and f_at.
        .syntax unified
        .arch_extension virt
        .text

        .macro  frag name, insn:vararg
        .balign 4
        .global \name
        .type   \name, %function
\name:
        push    {r4, lr}
        ldr     r1, =0x980f0000         @ N, V, Q; GE
        msr     apsr_nzcvqg, r1
        .global \name\()_at
\name\()_at:
        \insn
        pop     {r4, pc}
        .ltorg
        .endm

        .arm
        frag a32_svc, svc 0x123456
        frag a32_udf, udf 0xabc
        frag a32_bkpt, bkpt 7
        frag a32_ldr, ldr r2, [r0]
        frag a32_str, str r2, [r0]
        frag a32_ldm, ldm r0, {r2, r3}
        frag a32_cp, mcr p4, 0, r0, c1, c2, 3
        frag a32_cdp, cdp p9, 1, c2, c3, c4, 5
        frag a32_ldc, ldc p5, c2, [r0]
        frag a32_svc_failed, svcpl 1
        frag a32_udf_unlisted, .inst 0xe6000010
        frag a32_unconditional_hole, .inst 0xf4f00000

        .thumb
        frag t32_svc, svc 0x56
        frag t32_udf, udf.n 0xab
        frag t32_udf_w, udf.w 0xabc
        frag t32_bkpt, bkpt 7
        frag t32_ldr, ldr r2, [r0]
        frag t32_ldr_w, ldr.w r10, [r0]
        frag t32_str, str r2, [r0]
        frag t32_ldm, ldm r0, {r2, r3}
        frag t32_cp, mcr p4, 0, r0, c1, c2, 3
        frag t32_cdp, cdp p9, 1, c2, c3, c4, 5

@ u32 it_*(u32 bad_address): an exception in an IT block; r0 tells which instructions were executed.
        .macro  it_frag name, insn:vararg
        .balign 4
        .global \name
        .type   \name, %function
\name:
        push    {r4, lr}
        mov     r1, r0
        movs    r0, #0                  @ Z
        itete   eq
        addeq   r0, #1
        addne   r0, #2
        .global \name\()_at
\name\()_at:
        \insn
        addne   r0, #4
        it      ne
        addne   r0, #8
        pop     {r4, pc}
        .endm
        it_frag it_svc, svceq 0x56
        it_frag it_udf, .inst.n 0xde00
        it_frag it_bkpt, bkpt 1
        it_frag it_ldr, ldreq r3, [r1]
        it_frag it_ldr_w, ldreq.w r10, [r1]
        it_frag it_vfp, .inst.w 0xee300a00
        @ The last of its block: what is saved must have no IT state for the next.
        .balign 4
        .global it_last
        .type   it_last, %function
it_last:
        push    {r4, lr}
        movs    r0, #0
        itt     eq
        addeq   r0, #1
        .global it_last_at
it_last_at:
        svceq   #0x57
        add     r0, #16
        pop     {r4, pc}
        @ A failed condition: nothing is raised.
        .balign 4
        .global it_failed
        .type   it_failed, %function
it_failed:
        push    {r4, lr}
        movs    r0, #0
        ittt    ne
        svcne   #0x56
        ldrne   r3, [r1]
        addne   r0, #1
        add     r0, #2
        pop     {r4, pc}

@ void bare_svc(u32 out[3]) and bare_udf: for vectors_bare.
        .macro  bare_frag name, insn:vararg
        .balign 4
        .global \name
        .type   \name, %function
\name:
        push    {r3, lr}
        mov     r3, r0
        \insn
        .global \name\()_after
\name\()_after:
        stm     r3, {r0-r2}
        pop     {r3, pc}
        .endm
        .arm
        bare_frag a32_bare_svc, svc 1
        bare_frag a32_bare_udf, udf 1
        .thumb
        bare_frag t32_bare_svc, svc 1
        .section .note.GNU-stack, "", %progbits
