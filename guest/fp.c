/* Access to VFP and Advanced SIMD: CPACR, FPEXC, privileges, and what is left in LR. */
#include "guest.h"
asm(".fpu neon-vfpv4");

static u32 vadd(u32 v) {
  asm volatile(".fpu neon-vfpv4\n vmov s0, %0\n vadd.f32 s0, s0, s0\n vmov %0, s0" : "+r"(v));
  return v;
}
static u32 neon(u32 v) {
  asm volatile(".fpu neon-vfpv4\n vdup.32 q1, %0\n vadd.i32 q1, q1, q1\n vmov.32 %0, d2[1]" : "+r"(v));
  return v;
}
static u32 d31(u32 v) {
  asm volatile(".fpu neon-vfpv4\n vmov.f64 d31, #1.0\n vmov %0, r1, d31" : "+r"(v)::"r1");
  return v;
}
static u32 load(u32 v) {
  asm volatile(".fpu neon-vfpv4\n vldr d0, [%0]" ::"r"(TEST_RAM));
  return v;
}
static u32 read_fpscr(u32 v) {
  asm volatile(".fpu neon-vfpv4\n vmrs %0, fpscr" : "+r"(v));
  return v;
}
static u32 read_fpexc(u32 v) {
  asm volatile(".fpu neon-vfpv4\n vmrs %0, fpexc" : "+r"(v));
  return v;
}
static u32 read_fpsid(u32 v) {
  asm volatile(".fpu neon-vfpv4\n vmrs %0, fpsid" : "+r"(v));
  return v;
}
static u32 read_mvfr0(u32 v) {
  asm volatile(".fpu neon-vfpv4\n vmrs %0, mvfr0" : "+r"(v));
  return v;
}
static u32 read_mvfr1(u32 v) {
  asm volatile(".fpu neon-vfpv4\n vmrs %0, mvfr1" : "+r"(v));
  return v;
}
static u32 write_fpscr(u32 v) {
  asm volatile(".fpu neon-vfpv4\n vmsr fpscr, %0\n vmrs %0, fpscr" : "+r"(v));
  return v;
}
static void set_fpexc(u32 v) { asm volatile(".fpu neon-vfpv4\n vmsr fpexc, %0" ::"r"(v)); }

static const struct { const char *name; u32 (*fn)(u32); u32 arg; } uses[] = {
  {"vadd", vadd, 0x3f800000}, {"neon", neon, 0x1234}, {"d31", d31, 0}, {"vldr", load, 0}, {"fpscr", read_fpscr, 0},
  {"fpexc", read_fpexc, 0}, {"fpsid", read_fpsid, 0}, {"mvfr0", read_mvfr0, 0}, {"mvfr1", read_mvfr1, 0},
};

static void all(const char *title) {
  say("%s\n", title);
  for (u32 user = 0; user < 2; user++) {
    for (u32 i = 0; i < ARRAY_SIZE(uses); i++) {
      clear_trap();
      u32 r = user ? call_user(uses[i].fn, uses[i].arg) : call(uses[i].fn, uses[i].arg);
      say(" %s%s=", user ? "user " : "", uses[i].name);
      if (trap.count) say("%s x%u", kind_name(trap.kind), trap.count);
      else say("%x", r);
    }
    say("\n");
  }
}
static void set_cpacr(u32 v) {
  MCR(0, 1, 0, 2, v);
  isb();
}

int main(void) {
  say("cpacr at reset %x\n", MRC(0, 1, 0, 2));
  all("nothing enabled");
  set_cpacr(0x00500000);
  say("cpacr %x\n", MRC(0, 1, 0, 2));
  all("cpacr privileged only, fpexc off");
  set_fpexc(0x40000000);
  all("cpacr privileged only, fpexc on");
  set_cpacr(0x00f00000);
  all("everything on");
  set_fpexc(0);
  all("fpexc off");
  set_fpexc(0x40000000);
  set_cpacr(0);
  all("cpacr off, fpexc on");
  set_cpacr(0xffffffff);
  say("cpacr of ones, cp10 and cp11: %x\n", MRC(0, 1, 0, 2) & 0x00f00000);
  set_cpacr(0x00f00000);
  static const u32 values[] = {0, 0xffffffff, 0xf0000000, 0x07ffffff, 0x08000000, 0x0000009f, 0x00c00000, 0x00370000};
  for (u32 i = 0; i < ARRAY_SIZE(values); i++) say("fpscr %x: %x\n", values[i], write_fpscr(values[i]));
  write_fpscr(0);
  /* The state survives being switched off. */
  asm volatile(".fpu neon-vfpv4\n vmov.f32 s5, #1.5");
  set_fpexc(0);
  set_cpacr(0);
  set_cpacr(0x00f00000);
  set_fpexc(0x40000000);
  u32 v;
  asm volatile(".fpu neon-vfpv4\n vmov %0, s5" : "=r"(v));
  say("kept %x\n", v);
  /* A lazy switch: the first use traps, the handler's return runs it again. */
  set_sctlr(sctlr() | SCTLR_A);
  clear_trap();
  asm volatile(".fpu neon-vfpv4\n vldr d0, [%0]" ::"r"(TEST_RAM + 2));
  say("vldr misaligned: %s fsr=%x\n", kind_name(trap.kind), trap.fsr);
  clear_trap();
  asm volatile(".fpu neon-vfpv4\n vldm %0, {d0-d3}" ::"r"(TEST_RAM + 1));
  say("vldm misaligned: %s fsr=%x\n", kind_name(trap.kind), trap.fsr);
  clear_trap();
  asm volatile(".fpu neon-vfpv4\n vld1.32 {d0}, [%0:64]" ::"r"(TEST_RAM + 4));
  say("vld1 against its alignment: %s fsr=%x\n", kind_name(trap.kind), trap.fsr);
  clear_trap();
  asm volatile(".fpu neon-vfpv4\n vst1.16 {d0}, [%0]" ::"r"(TEST_RAM + 1));
  say("vst1.16 misaligned: %s fsr=%x\n", kind_name(trap.kind), trap.fsr);
  return 0;
}
