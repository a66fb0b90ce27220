/**
 * Guest programs of the contract suite, in both instruction sets. They report by writing to device
 * registers at 0x0900_0000, where no memory is.
 *
 * @module
 */

/** A program in A32 and A64. */
export interface Program {
  /** For a 32-bit vCPU. */
  readonly a32: readonly number[];
  /** For a 64-bit vCPU. */
  readonly a64: readonly number[];
}

/** Programs by name. */
export const PROGRAMS = {
  /** Writes, reads and writes device registers of three sizes, powers off. */
  one_of_each: {
    a32: [
      0xe3a00409, // mov r0, #150994944
      0xe3a01068, // mov r1, #104
      0xe5801000, // str r1, [r0]
      0xe1d041b8, // ldrh r4, [r0, #24]
      0xe5c04001, // strb r4, [r0, #1]
      0xe51f0000, // ldr r0, [pc, #-0]
      0xe1400070, // hvc 0
      0x84000008, // .word 0x84000008
    ],
    a64: [
      0xd2a12000, // mov x0, #0x9000000
      0x52800d01, // mov w1, #0x68
      0xb9000001, // str w1, [x0]
      0x79403004, // ldrh w4, [x0, #24]
      0x39000404, // strb w4, [x0, #1]
      0x18000040, // ldr w0, 1c
      0xd4000002, // hvc #0x0
      0x84000008, // .word 0x84000008
    ],
  },
  /** Never ends. */
  forever: {
    a32: [
      0xeafffffe, // b 0
    ],
    a64: [
      0x14000000, // b 0
    ],
  },
  /** Waits for interrupts, for ever. */
  idle: {
    a32: [
      0xe320f003, // wfi
      0xeafffffd, // b 0
    ],
    a64: [
      0xd503207f, // wfi
      0x17ffffff, // b 0
    ],
  },
  /** Makes the PSCI call in r0 and reports its answer. */
  psci: {
    a32: [
      0xe1a04000, // mov r4, r0
      0xe3a05409, // mov r5, #150994944
      0xe1400070, // hvc 0
      0xe5850000, // str r0, [r5]
      0xeafffffe, // b 10
    ],
    a64: [
      0xd2a12005, // mov x5, #0x9000000
      0xd4000002, // hvc #0x0
      0xb90000a0, // str w0, [x5]
      0x14000000, // b c
    ],
  },
  /** Reads the word at r0, writes one more behind it, reports it. */
  memory: {
    a32: [
      0xe5902000, // ldr r2, [r0]
      0xe2822001, // add r2, r2, #1
      0xe5802004, // str r2, [r0, #4]
      0xe3a05409, // mov r5, #150994944
      0xe5852000, // str r2, [r5]
      0xeafffffe, // b 14
    ],
    a64: [
      0xb9400002, // ldr w2, [x0]
      0x11000442, // add w2, w2, #0x1
      0xb9000402, // str w2, [x0, #4]
      0xd2a12005, // mov x5, #0x9000000
      0xb90000a2, // str w2, [x5]
      0x14000000, // b 14
    ],
  },
  /** Reports the timer's frequency, waits 1/512 s by polling, reports CNTV_CTL. */
  timer: {
    a32: [
      0xe3a05409, // mov r5, #150994944
      0xee1e1f10, // mrc 15, 0, r1, cr14, cr0, {0}
      0xe5851000, // str r1, [r5]
      0xe1a014a1, // lsr r1, r1, #9
      0xee0e1f13, // mcr 15, 0, r1, cr14, cr3, {0}
      0xe3a02003, // mov r2, #3
      0xee0e2f33, // mcr 15, 0, r2, cr14, cr3, {1}
      0xf57ff06f, // isb sy
      0xee1e3f33, // mrc 15, 0, r3, cr14, cr3, {1}
      0xe3130004, // tst r3, #4
      0x0afffffc, // beq 20
      0xe5853004, // str r3, [r5, #4]
      0xeafffffe, // b 30
    ],
    a64: [
      0xd2a12005, // mov x5, #0x9000000
      0xd53be001, // mrs x1, cntfrq_el0
      0xb90000a1, // str w1, [x5]
      0xd349fc21, // lsr x1, x1, #9
      0xd51be301, // msr cntv_tval_el0, x1
      0xd2800062, // mov x2, #0x3
      0xd51be322, // msr cntv_ctl_el0, x2
      0xd5033fdf, // isb
      0xd53be323, // mrs x3, cntv_ctl_el0
      0x3617ffe3, // tbz w3, #2, 20
      0xb90004a3, // str w3, [x5, #4]
      0x14000000, // b 2c
    ],
  },
  /** Takes SPI 5 through a GICv2 and reports the acknowledged numbers. */
  irq2: {
    a32: [
      0xe3a00302, // mov r0, #134217728
      0xe2801801, // add r1, r0, #65536
      0xe3a05409, // mov r5, #150994944
      0xe3a02001, // mov r2, #1
      0xe5802000, // str r2, [r0]
      0xe3a02020, // mov r2, #32
      0xe5802104, // str r2, [r0, #260]
      0xe5902824, // ldr r2, [r0, #2084]
      0xe3822c01, // orr r2, r2, #256
      0xe5802824, // str r2, [r0, #2084]
      0xe3a020ff, // mov r2, #255
      0xe5812004, // str r2, [r1, #4]
      0xe3a02001, // mov r2, #1
      0xe5812000, // str r2, [r1]
      0xe320f003, // wfi
      0xe591300c, // ldr r3, [r1, #12]
      0xe5853000, // str r3, [r5]
      0xe5813010, // str r3, [r1, #16]
      0xe591300c, // ldr r3, [r1, #12]
      0xe5853004, // str r3, [r5, #4]
      0xeafffffe, // b 50
    ],
    a64: [
      0xd2a10000, // mov x0, #0x8000000
      0x91404001, // add x1, x0, #0x10, lsl #12
      0xd2a12005, // mov x5, #0x9000000
      0x52800022, // mov w2, #0x1
      0xb9000002, // str w2, [x0]
      0x52800402, // mov w2, #0x20
      0xb9010402, // str w2, [x0, #260]
      0xb9482402, // ldr w2, [x0, #2084]
      0x32180042, // orr w2, w2, #0x100
      0xb9082402, // str w2, [x0, #2084]
      0x52801fe2, // mov w2, #0xff
      0xb9000422, // str w2, [x1, #4]
      0x52800022, // mov w2, #0x1
      0xb9000022, // str w2, [x1]
      0xd503207f, // wfi
      0xb9400c23, // ldr w3, [x1, #12]
      0xb90000a3, // str w3, [x5]
      0xb9001023, // str w3, [x1, #16]
      0xb9400c23, // ldr w3, [x1, #12]
      0xb90004a3, // str w3, [x5, #4]
      0x14000000, // b 50
    ],
  },
  /** Takes SPI 5 through a GICv3 and reports the acknowledged numbers. */
  irq3: {
    a32: [
      0xe3a00302, // mov r0, #134217728
      0xe280180a, // add r1, r0, #655360
      0xe3a05409, // mov r5, #150994944
      0xe3a02000, // mov r2, #0
      0xe5812014, // str r2, [r1, #20]
      0xe3a02013, // mov r2, #19
      0xe5802000, // str r2, [r0]
      0xe3a02020, // mov r2, #32
      0xe5802084, // str r2, [r0, #132]
      0xe5802104, // str r2, [r0, #260]
      0xe3a02007, // mov r2, #7
      0xee0c2fbc, // mcr 15, 0, r2, cr12, cr12, {5}
      0xf57ff06f, // isb sy
      0xe3a020ff, // mov r2, #255
      0xee042f16, // mcr 15, 0, r2, cr4, cr6, {0}
      0xe3a02001, // mov r2, #1
      0xee0c2ffc, // mcr 15, 0, r2, cr12, cr12, {7}
      0xf57ff06f, // isb sy
      0xe320f003, // wfi
      0xee1c3f1c, // mrc 15, 0, r3, cr12, cr12, {0}
      0xe5853000, // str r3, [r5]
      0xee0c3f3c, // mcr 15, 0, r3, cr12, cr12, {1}
      0xf57ff06f, // isb sy
      0xee1c3f1c, // mrc 15, 0, r3, cr12, cr12, {0}
      0xe5853004, // str r3, [r5, #4]
      0xeafffffe, // b 64
    ],
    a64: [
      0xd2a10000, // mov x0, #0x8000000
      0x91428001, // add x1, x0, #0xa0, lsl #12
      0xd2a12005, // mov x5, #0x9000000
      0xb900143f, // str wzr, [x1, #20]
      0x52800262, // mov w2, #0x13
      0xb9000002, // str w2, [x0]
      0x52800402, // mov w2, #0x20
      0xb9008402, // str w2, [x0, #132]
      0xb9010402, // str w2, [x0, #260]
      0xd28000e2, // mov x2, #0x7
      0xd518cca2, // msr icc_sre_el1, x2
      0xd5033fdf, // isb
      0xd2801fe2, // mov x2, #0xff
      0xd5184602, // msr icc_pmr_el1, x2
      0xd2800022, // mov x2, #0x1
      0xd518cce2, // msr icc_igrpen1_el1, x2
      0xd5033fdf, // isb
      0xd503207f, // wfi
      0xd538cc03, // mrs x3, icc_iar1_el1
      0xb90000a3, // str w3, [x5]
      0xd518cc23, // msr icc_eoir1_el1, x3
      0xd5033fdf, // isb
      0xd538cc03, // mrs x3, icc_iar1_el1
      0xb90004a3, // str w3, [x5, #4]
      0x14000000, // b 60
    ],
  },
} as const satisfies Record<string, Program>;
