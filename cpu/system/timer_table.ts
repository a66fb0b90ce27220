import { type CpRegister, type Encoding, reg, reg64, RIGHTS } from "./cp_row.ts";
import type { TimerRegister } from "./devices.ts";
import type { System } from "./system.ts";

/** CNTKCTL bits that give PL0 access. */
const CNTKCTL = { PL0PCTEN: 1, PL0VCTEN: 2, PL0VTEN: 1 << 8, PL0PTEN: 1 << 9 } as const;

function read(s: System, name: TimerRegister): bigint {
  return s.timer?.read(name) ?? 0n;
}

function user(mask: number): (s: System) => boolean {
  return (s) => (Number(read(s, "CNTKCTL")) & mask) !== 0;
}

/** A 32-bit timer register. TVAL is a view of CVAL, so not state. */
function timer(
  name: TimerRegister,
  encoding: Encoding,
  mask: number | undefined,
  one_reg: "state" | "hidden" = "state",
): CpRegister {
  return reg(name, encoding, RIGHTS.rw, {
    one_reg,
    read: (s) => Number(BigInt.asIntN(32, read(s, name))),
    write: (s, value) => s.timer?.write(name, BigInt(value >>> 0)),
    user: mask === undefined ? undefined : user(mask),
  });
}

/** A compare value. */
function compare(
  name: TimerRegister,
  encoding: readonly [number, number, number],
  mask: number,
): CpRegister {
  return reg64(name, encoding, RIGHTS.rw, {
    one_reg: "state",
    read64: (s) => read(s, name),
    write64: (s, value) => s.timer?.write(name, value),
    user: user(mask),
  });
}

/** The generic timer (ARM DDI 0406C, B8), as registers; the timer itself is plugged in. */
export const TIMER_REGISTERS: readonly CpRegister[] = [
  reg("CNTFRQ", [15, 0, 14, 0, 0], RIGHTS.rw, {
    one_reg: "state",
    read: (s) => Number(BigInt.asIntN(32, read(s, "CNTFRQ"))),
    write: (s, value) => s.timer?.write("CNTFRQ", BigInt(value >>> 0)),
    user: (s, write) => !write && user(CNTKCTL.PL0PCTEN | CNTKCTL.PL0VCTEN)(s),
  }),
  timer("CNTKCTL", [15, 0, 14, 1, 0], undefined),
  timer("CNTP_TVAL", [15, 0, 14, 2, 0], CNTKCTL.PL0PTEN, "hidden"),
  timer("CNTP_CTL", [15, 0, 14, 2, 1], CNTKCTL.PL0PTEN),
  timer("CNTV_TVAL", [15, 0, 14, 3, 0], CNTKCTL.PL0VTEN, "hidden"),
  timer("CNTV_CTL", [15, 0, 14, 3, 1], CNTKCTL.PL0VTEN),
  reg64("CNTPCT", [15, 0, 14], RIGHTS.ro, {
    read64: (s) => read(s, "CNTPCT"),
    user: user(CNTKCTL.PL0PCTEN),
  }),
  // The guest cannot write it; whoever restores a VM moves its virtual time.
  reg64("CNTVCT", [15, 1, 14], RIGHTS.ro, {
    one_reg: "state",
    read64: (s) => read(s, "CNTVCT"),
    restore: (s, value) => s.timer?.write("CNTVCT", value),
    user: user(CNTKCTL.PL0VCTEN),
  }),
  compare("CNTP_CVAL", [15, 2, 14], CNTKCTL.PL0PTEN),
  compare("CNTV_CVAL", [15, 3, 14], CNTKCTL.PL0VTEN),
];
