/* Identification, cache geometry, the performance monitor, and registers of CP14 and CP15. */
#include "guest.h"

#define ID(name, op1, crn, crm, op2) \
  clear_trap(); \
  { \
    u32 v = MRC(op1, crn, crm, op2); \
    say(name " %x%s\n", v, trap.count ? " und" : ""); \
  }
static void identification(void) {
  ID("MIDR", 0, 0, 0, 0) ID("CTR", 0, 0, 0, 1) ID("TCMTR", 0, 0, 0, 2) ID("TLBTR", 0, 0, 0, 3) ID("MPIDR", 0, 0, 0, 5)
  ID("REVIDR", 0, 0, 0, 6) ID("MIDR alias", 0, 0, 0, 7)
  ID("ID_PFR0", 0, 0, 1, 0) ID("ID_PFR1", 0, 0, 1, 1) ID("ID_DFR0", 0, 0, 1, 2) ID("ID_AFR0", 0, 0, 1, 3)
  ID("ID_MMFR0", 0, 0, 1, 4) ID("ID_MMFR1", 0, 0, 1, 5) ID("ID_MMFR2", 0, 0, 1, 6) ID("ID_MMFR3", 0, 0, 1, 7)
  ID("ID_ISAR0", 0, 0, 2, 0) ID("ID_ISAR1", 0, 0, 2, 1) ID("ID_ISAR2", 0, 0, 2, 2) ID("ID_ISAR3", 0, 0, 2, 3)
  ID("ID_ISAR4", 0, 0, 2, 4) ID("ID_ISAR5", 0, 0, 2, 5) ID("c0 c2 6", 0, 0, 2, 6) ID("c0 c2 7", 0, 0, 2, 7)
  ID("c0 c3 0", 0, 0, 3, 0) ID("c0 c7 7", 0, 0, 7, 7)
  ID("CLIDR", 1, 0, 0, 1) ID("AIDR", 1, 0, 0, 7)
  for (u32 n = 0; n < 3; n++) {
    MCR(2, 0, 0, 0, n);
    isb();
    say("CSSELR %x CCSIDR %x\n", MRC(2, 0, 0, 0), MRC(1, 0, 0, 0));
  }
  MCR(2, 0, 0, 0, 0);
  ID("SCTLR", 0, 1, 0, 0) ID("CNTFRQ", 0, 14, 0, 0) ID("DBGDIDR via cp15? c9 c12 0", 0, 9, 12, 0)
  ID("L2CTLR", 1, 9, 0, 2) ID("L2ECTLR", 1, 9, 0, 3) ID("CBAR", 4, 15, 0, 0)
}

static void storage(void) {
  say("registers that keep what is written\n");
#define KEEPS(name, op1, crn, crm, op2, value) \
  clear_trap(); \
  MCR(op1, crn, crm, op2, value); \
  say(name " %x: %x%s\n", value, MRC(op1, crn, crm, op2), trap.count ? " und" : "");
  KEEPS("DFSR", 0, 5, 0, 0, 0x00000c0f) KEEPS("IFSR", 0, 5, 0, 1, 0x0000040f)
  KEEPS("ADFSR", 0, 5, 1, 0, 0) KEEPS("AIFSR", 0, 5, 1, 1, 0)
  KEEPS("DFAR", 0, 6, 0, 0, 0x12345678) KEEPS("IFAR", 0, 6, 0, 2, 0x9abcdef0)
  KEEPS("TTBR0", 0, 2, 0, 0, 0x4000404a) KEEPS("TTBR1", 0, 2, 0, 1, 0x4000804a) KEEPS("DACR", 0, 3, 0, 0, 0x55555555)
  KEEPS("CONTEXTIDR", 0, 13, 0, 1, 0xcafe0042) KEEPS("TPIDRURW", 0, 13, 0, 2, 1) KEEPS("TPIDRURO", 0, 13, 0, 3, 2)
  KEEPS("TPIDRPRW", 0, 13, 0, 4, 3) KEEPS("VBAR", 0, 12, 0, 0, (u32)(IN_T32 ? vectors_t32 : vectors_a32))
  KEEPS("CNTKCTL", 0, 14, 1, 0, 0x000003ff)
  MCR(0, 14, 1, 0, 0);
  MCR(0, 13, 0, 1, 0);
  MCR(0, 2, 0, 0, 0);
  MCR(0, 2, 0, 1, 0);
  say("sctlr bits %x\n", ({
        u32 kept = sctlr();
        set_sctlr(kept | SCTLR_AFE | SCTLR_TRE | SCTLR_A | SCTLR_I | SCTLR_C | 1 << 11);
        u32 v = sctlr();
        set_sctlr(kept);
        v & (SCTLR_AFE | SCTLR_TRE | SCTLR_A | SCTLR_I | SCTLR_C | 1 << 11);
      }));
}

static void operations(void) {
  say("cache operations\n");
#define OP(name, op1, crn, crm, op2, value) \
  clear_trap(); \
  MCR(op1, crn, crm, op2, value); \
  say(name "%s\n", trap.count ? " und" : "");
  OP("ICIALLUIS", 0, 7, 1, 0, 0) OP("BPIALLIS", 0, 7, 1, 6, 0) OP("ICIALLU", 0, 7, 5, 0, 0) OP("BPIALL", 0, 7, 5, 6, 0)
  OP("BPIMVA", 0, 7, 5, 7, TEST_RAM) OP("DCIMVAC", 0, 7, 6, 1, TEST_RAM) OP("DCISW", 0, 7, 6, 2, 0)
  OP("DCCMVAC", 0, 7, 10, 1, TEST_RAM) OP("DCCSW", 0, 7, 10, 2, 0) OP("DCCMVAU", 0, 7, 11, 1, TEST_RAM)
  OP("DCCIMVAC", 0, 7, 14, 1, TEST_RAM) OP("DCCISW", 0, 7, 14, 2, 0)
  /* Nothing in memory changes by set/way invalidation at the point that memory is. */
  st32(TEST_RAM, 0x5ec0de);
  MCR(0, 7, 14, 1, TEST_RAM);
  dsb();
  say("memory %x\n", ld32(TEST_RAM));
  clear_trap();
  (void)MRC(0, 15, 15, 7);
  say("c15 hole: %s\n", kind_name(trap.kind));
  clear_trap();
  (void)MRC(5, 1, 2, 3);
  say("c1 hole: %s\n", kind_name(trap.kind));
  clear_trap();
  (void)MRRC(7, 9);
  say("mrrc hole: %s\n", kind_name(trap.kind));
}

static u32 user_pmccntr(u32 v) {
  asm volatile("mrc p15, 0, %0, c9, c13, 0" : "+r"(v));
  return v;
}
static void pmu(void) {
  say("performance monitor\n");
  say("PMCR at reset, without N %x\n", MRC(0, 9, 12, 0) & 0xffff07ff);
  MCR(0, 9, 12, 0, 7); /* E, P, C */
  MCR(0, 9, 12, 1, 0x80000000);
  say("PMCNTENSET %x CLR %x\n", MRC(0, 9, 12, 1), MRC(0, 9, 12, 2));
  isb();
  u32 a = MRC(0, 9, 13, 0);
  for (u32 i = 0; i < 10000; i++) asm volatile("nop");
  u32 b = MRC(0, 9, 13, 0);
  say("cycles count up: %u\n", b - a > 0 && b - a < 0x80000000);
  MCR(0, 9, 12, 2, 0x80000000);
  isb();
  a = MRC(0, 9, 13, 0);
  for (u32 i = 0; i < 1000; i++) asm volatile("nop");
  say("stopped: %u\n", MRC(0, 9, 13, 0) - a);
  MCR(0, 9, 13, 0, 0x12345678);
  say("written: %x\n", MRC(0, 9, 13, 0));
  MCR(0, 9, 14, 1, 0x80000000);
  say("PMINTENSET %x\n", MRC(0, 9, 14, 1));
  MCR(0, 9, 14, 2, 0x80000000);
  say("PMINTENCLR %x\n", MRC(0, 9, 14, 2));
  MCR(0, 9, 12, 5, 0x1f);
  say("PMSELR %x\n", MRC(0, 9, 12, 5));
  clear_trap();
  call_user(user_pmccntr, 0);
  say("user without PMUSERENR: %s\n", kind_name(trap.kind));
  MCR(0, 9, 14, 0, 1);
  clear_trap();
  u32 v = call_user(user_pmccntr, 0);
  say("user with PMUSERENR: %s %x\n", kind_name(trap.kind), v);
  MCR(0, 9, 14, 0, 0);
  MCR(0, 9, 12, 3, 0xffffffff);
  say("PMOVSR cleared: %x\n", MRC(0, 9, 12, 3));
}

static void debug(void) {
  say("debug\n");
  say("DBGDIDR %x\n", MRC_(14, 0, 0, 0, 0));
  clear_trap();
  u32 drar = MRC_(14, 0, 1, 0, 0), dsar = MRC_(14, 0, 2, 0, 0);
  say("DBGDRAR %x DBGDSAR %x\n", drar, dsar);
  u32 dscr = MRC_(14, 0, 0, 1, 0);
  say("DBGDSCRint traps %u monitor %u\n", trap.count, (dscr >> 15) & 1);
  clear_trap();
  u32 osl = MRC_(14, 0, 1, 1, 4);
  say("DBGOSLSR traps %u OSLM %x\n", trap.count, osl & 9);
  clear_trap();
  MCR_(14, 0, 1, 0, 4, 0);
  say("DBGOSLAR traps %u\n", trap.count);
  clear_trap();
  u32 jidr = MRC_(14, 7, 0, 0, 0), teecr = MRC_(14, 6, 0, 0, 0);
  say("JIDR %x TEECR %x traps %u\n", jidr, teecr, trap.count);
}

int main(void) {
  identification();
  storage();
  operations();
  pmu();
  debug();
  return 0;
}
