/* Banked registers, program status registers, exception returns and what User mode may not do. */
#include "guest.h"

void swap_bank(u32 mode, u32 regs[3]);
void swap_fiq(u32 regs[5]);
u32 see_r8(u32 mode);
void user_bank(u32 out[6], const u32 in[2]);

static const u32 modes[] = {FIQ_MODE, IRQ_MODE, SVC_MODE, ABT_MODE, UND_MODE, SYS_MODE};

static void banks(void) {
  u32 kept[6][3], fiq[5] = {0xf8, 0xf9, 0xfa, 0xfb, 0xfc};
  /* The stack pointer of System mode is in use. */
  for (u32 i = 0; i < 5; i++) {
    for (u32 j = 0; j < 3; j++) kept[i][j] = 0x1000 * modes[i] + j;
    kept[i][2] = 0xf00f0000 + modes[i];
    swap_bank(modes[i], kept[i]);
  }
  swap_fiq(fiq);
  for (u32 i = 0; i < 5; i++) {
    u32 was[3] = {kept[i][0], kept[i][1], kept[i][2]};
    swap_bank(modes[i], was);
    say("mode %b: sp=%x lr=%x spsr=%x\n", modes[i], was[0], was[1], was[2]);
  }
  u32 was[5] = {fiq[0], fiq[1], fiq[2], fiq[3], fiq[4]};
  swap_fiq(was);
  say("fiq: %x %x %x %x %x\n", was[0], was[1], was[2], was[3], was[4]);
  u32 r8[5] = {0xf1f1, 0, 0, 0, 0};
  swap_fiq(r8);
  for (u32 i = 0; i < 6; i++) say("r8 in mode %b: %x\n", modes[i], see_r8(modes[i]));
  for (u32 i = 0; i < 5; i++) {
    u32 spsr[3] = {0x40000000, 0, 0xffffffff};
    u32 original[3];
    swap_bank(modes[i], spsr);
    for (u32 j = 0; j < 3; j++) original[j] = spsr[j];
    u32 read[3] = {original[0], original[1], original[2]};
    swap_bank(modes[i], read);
    say("mode %b: all ones in spsr read %x\n", modes[i], read[2] & ~0xf00000u);
  }
  u32 out[6] = {0}, in[2] = {0x75757575, 0x76767676};
  user_bank(out, in);
  say("ldm/stm of User's: loaded sp=%x lr=%x, own sp=%x lr=%x\n", out[4], out[5], out[2], out[3]);
}

static void masks(void) {
  u32 seen;
  /* MSR by fields, of all ones but the mode and E. */
#define FIELD(fields, value) \
  asm volatile("msr cpsr_f, %2\n msr cpsr_s, %2\n msr cpsr_" fields ", %1\n mrs %0, cpsr\n msr cpsr_fsxc, %2" \
               : "=&r"(seen) : "r"(value), "r"(0x1df) : "memory", "cc"); \
  say("msr cpsr_" fields ", %x: %x\n", value, seen);
  FIELD("f", 0xfffffdff)
  FIELD("s", 0xfffffdff)
  FIELD("x", 0xfffffcff)
  FIELD("c", 0xffffff1f)
  FIELD("c", 0xffffffff)
  FIELD("fsxc", 0xfffffdff)
  FIELD("fsxc", 0x0000001f)
  asm volatile("msr apsr_nzcvqg, %1\n mrs %0, apsr" : "=r"(seen) : "r"(0xffffffff) : "cc");
  say("apsr: %x\n", seen);
  asm volatile("cpsid aif\n mrs %0, cpsr" : "=r"(seen));
  say("cpsid aif: %h\n", seen & 0xfff);
  asm volatile("cpsie a\n mrs %0, cpsr" : "=r"(seen));
  say("cpsie a: %h\n", seen & 0xfff);
  asm volatile("cpsie f\n mrs %0, cpsr" : "=r"(seen));
  say("cpsie f: %h\n", seen & 0xfff);
  asm volatile("cpsie if, #0x12\n mrs %0, cpsr\n cpsid af, #0x1f" : "=r"(seen));
  say("cpsie if, #irq: %h\n", seen & 0xfff);
  asm volatile("mrs %0, cpsr\n cpsid aif" : "=r"(seen));
  say("cpsid af, #sys: %h\n", seen & 0xfff);
  asm volatile("setend be\n mrs %0, cpsr\n setend le" : "=r"(seen));
  say("setend be: %h\n", seen & 0xfff);
}

/* In User mode. */
static u32 user_msr(u32 value) {
  u32 seen;
  asm volatile("msr cpsr_fsxc, %1\n mrs %0, cpsr\n setend le" : "=r"(seen) : "r"(value) : "memory", "cc");
  return seen;
}
static u32 user_cps(u32 value) {
  u32 seen;
  asm volatile("msr cpsr_f, %1\n cpsie aif\n cpsid af\n cps #0x13\n mrs %0, cpsr" : "=r"(seen) : "r"(value) : "memory", "cc");
  return seen;
}
static u32 user_setend(u32 value) {
  u32 seen;
  asm volatile("msr cpsr_f, %1\n setend be\n mrs %0, cpsr\n setend le" : "=r"(seen) : "r"(value) : "memory", "cc");
  return seen;
}
#define CP_READ(name, op1, crn, crm, op2) \
  static u32 read_##name(u32 value) { (void)value; u32 v = 0xbad; \
    asm volatile("mrc p15," #op1 ",%0,c" #crn ",c" #crm "," #op2 : "+r"(v)); return v; }
#define CP_WRITE(name, op1, crn, crm, op2) \
  static u32 write_##name(u32 value) { MCR(op1, crn, crm, op2, value); return 0; }
CP_READ(midr, 0, 0, 0, 0) CP_READ(sctlr, 0, 1, 0, 0) CP_READ(tpidrurw, 0, 13, 0, 2) CP_READ(tpidruro, 0, 13, 0, 3)
CP_READ(tpidrprw, 0, 13, 0, 4) CP_READ(dacr, 0, 3, 0, 0) CP_READ(cntkctl, 0, 14, 1, 0)
CP_WRITE(tpidrurw, 0, 13, 0, 2) CP_WRITE(tpidruro, 0, 13, 0, 3) CP_WRITE(tpidrprw, 0, 13, 0, 4)
CP_WRITE(cp15isb, 0, 7, 5, 4) CP_WRITE(cp15dsb, 0, 7, 10, 4) CP_WRITE(cp15dmb, 0, 7, 10, 5)
CP_WRITE(iciallu, 0, 7, 5, 0) CP_WRITE(tlbiall, 0, 8, 7, 0)
static u32 user_hvc(u32 value) {
  asm volatile("hvc #0" ::: "memory", "r0", "r1", "r2", "r3", "r12");
  return 0;
}
static u32 user_wfi(u32 value) {
  asm volatile("yield\n nop\n sev\n wfe" ::: "memory");
  return value;
}

static void user(void) {
  static const struct { const char *name; u32 (*fn)(u32); u32 arg; } tries[] = {
    {"msr all ones but E", user_msr, 0xfffffdff}, {"msr mode and masks", user_msr, 0x1d3},
    {"cps", user_cps, 0}, {"setend", user_setend, 0x40000000},
    {"read MIDR", read_midr, 0}, {"read SCTLR", read_sctlr, 0}, {"read DACR", read_dacr, 0},
    {"read CNTKCTL", read_cntkctl, 0}, {"write TPIDRURW", write_tpidrurw, 0x77}, {"read TPIDRURW", read_tpidrurw, 0},
    {"write TPIDRURO", write_tpidruro, 0x78}, {"read TPIDRURO", read_tpidruro, 0},
    {"write TPIDRPRW", write_tpidrprw, 0x79}, {"read TPIDRPRW", read_tpidrprw, 0},
    {"CP15ISB", write_cp15isb, 0}, {"CP15DSB", write_cp15dsb, 0}, {"CP15DMB", write_cp15dmb, 0},
    {"ICIALLU", write_iciallu, 0}, {"TLBIALL", write_tlbiall, 0}, {"hvc", user_hvc, 0}, {"hints", user_wfi, 5},
  };
  MCR(0, 13, 0, 2, 1);
  MCR(0, 13, 0, 3, 2);
  MCR(0, 13, 0, 4, 3);
  for (u32 i = 0; i < ARRAY_SIZE(tries); i++) {
    clear_trap();
    u32 r = call_user(tries[i].fn, tries[i].arg);
    say("user %s: %x %s spsr.M=%b\n", tries[i].name, r, kind_name(trap.kind), trap.spsr & 0x1f);
  }
  say("TPIDRs: %x %x %x\n", MRC(0, 13, 0, 2), MRC(0, 13, 0, 3), MRC(0, 13, 0, 4));
}

#define LEAVES(F) \
  F(a32_movs) F(a32_subs) F(a32_ldm) F(a32_ldmdb) F(a32_ldmib) F(a32_ldmda) F(a32_rfeia) F(a32_rfeib) \
  F(a32_rfeda) F(a32_rfedb) F(t32_subs) F(t32_subs0) F(t32_rfeia) F(t32_rfedb)
#define SRS(F) F(a32_srsia) F(a32_srsib) F(a32_srsda) F(a32_srsdb) F(t32_srsia) F(t32_srsdb)
#define DECLARE(name) u32 name(u32 spsr, u32 mode, u32 *scratch);
LEAVES(DECLARE)
#undef DECLARE
#define DECLARE(name) void name(u32 *scratch);
SRS(DECLARE)

static void returns(void) {
  static u32 scratch[8];
  static const u32 spsrs[] = {0xf00001df, 0x08050010, 0x0000023f, 0x600a0052, 0x90e0013b};
  static const u32 froms[] = {SVC_MODE, ABT_MODE, UND_MODE, IRQ_MODE, FIQ_MODE};
#define TRY(name) \
  for (u32 i = 0; i < ARRAY_SIZE(spsrs); i++) { \
    clear_trap(); \
    say(#name " from %b with spsr=%x: cpsr=%x\n", froms[i], spsrs[i], name(spsrs[i], froms[i], scratch)); \
  }
  LEAVES(TRY)
#undef TRY
#define TRY(name) \
  memset(scratch, 0, sizeof scratch); \
  name(scratch); \
  say(#name ": %x %x %x %x %x %x %x moved %d\n", scratch[0], scratch[1], scratch[2], scratch[3], scratch[4], scratch[5], \
      scratch[6], scratch[7]);
  SRS(TRY)
}

int main(void) {
  banks();
  masks();
  user();
  returns();
  return 0;
}
