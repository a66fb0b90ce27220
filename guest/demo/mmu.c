/* Translation with short descriptors: aliases, permissions, faults, changes. */
#include "demo.h"

enum {
  L1 = SCRATCH + 0x10000,
  L2 = SCRATCH + 0x14000,
  PAGE_A = SCRATCH + 0x20000,
  PAGE_B = SCRATCH + 0x21000,
  WINDOW = 0x90000000, /* not in the machine's map */
  SECTION_NORMAL = 0x1c0e,
  SECTION_DEVICE = 0x0c16,
  PAGE_RW = 0x7e,
  PAGE_RO = 0x25e,
  PAGE_XN = 1,
  SCTLR_M = 1,
  SCTLR_C = 4,
  SCTLR_I = 1 << 12,
};

static void clean(u32 at) {
  MCR(0, 7, 11, 1, at); /* DCCMVAU */
  dsb();
}

static void map(u32 page, u32 descriptor) {
  store(L2 + page * 4, descriptor);
  clean(L2 + page * 4);
  MCR(0, 8, 7, 1, WINDOW + page * 4096); /* TLBIMVA */
  dsb();
  isb();
}

static u32 try_load(u32 at) {
  trap.kind = NONE;
  return load(at);
}

static void enable(void) {
  for (u32 i = 0; i < 4096; i++) {
    u32 at = i << 20;
    u32 kind = at >= RAM && at < 0x80000000 ? SECTION_NORMAL : at >= GICD && at < 0x10000000 ? SECTION_DEVICE : 0;
    store(L1 + i * 4, kind ? at | kind : 0);
  }
  for (u32 i = 0; i < 256; i++) store(L2 + i * 4, 0);
  store(L1 + (WINDOW >> 20) * 4, L2 | 1);
  store(L2 + 0, PAGE_A | PAGE_RW);
  store(L2 + 4, PAGE_A | PAGE_RW);
  store(L2 + 8, PAGE_A | PAGE_RO);
  dsb();
  MCR(0, 2, 0, 2, 0); /* TTBCR */
  MCR(0, 2, 0, 0, L1);
  MCR(0, 3, 0, 0, 1); /* DACR: domain 0 is checked */
  MCR(0, 8, 7, 0, 0); /* TLBIALL */
  MCR(0, 7, 5, 0, 0); /* ICIALLU */
  dsb();
  isb();
  MCR(0, 1, 0, 0, MRC(0, 1, 0, 0) | SCTLR_M | SCTLR_C | SCTLR_I);
  isb();
}

/* mov r0, #value; bx lr */
static void write_code(u32 at, u32 value) {
  store(at, 0xe3a00000 | value);
  store(at + 4, 0xe12fff1e);
  clean(at);
  MCR(0, 7, 5, 1, at); /* ICIMVAU */
  MCR(0, 7, 5, 6, 0);  /* BPIALL */
  dsb();
  isb();
}

void mmu_checks(void) {
  enable();
  check("MMU: is on", MRC(0, 1, 0, 0) & SCTLR_M);

  store(WINDOW, 0x600df00d);
  check("MMU: two names, one page", load(WINDOW + 4096) == 0x600df00d && load(PAGE_A) == 0x600df00d);

  trap.kind = NONE;
  store(WINDOW + 0x2010, 1);
  u32 dfsr = MRC(0, 5, 0, 0), dfar = MRC(0, 6, 0, 0);
  check("MMU: read-only page", trap.kind == DATA && (dfsr & 0xc0f) == 0x80f && dfar == WINDOW + 0x2010 &&
                                 load(WINDOW + 0x2000) == 0x600df00d);

  try_load(WINDOW + 0x3000);
  dfsr = MRC(0, 5, 0, 0);
  int page = trap.kind == DATA && (dfsr & 0xc0f) == 7;
  try_load(0xa0000000);
  dfsr = MRC(0, 5, 0, 0);
  check("MMU: unmapped page, section", page && trap.kind == DATA && (dfsr & 0xc0f) == 5);

  store(PAGE_B, 0xb);
  map(0, PAGE_B | PAGE_RW);
  check("MMU: a page moves", load(WINDOW) == 0xb && load(WINDOW + 4096) == 0x600df00d);

  write_code(WINDOW, 17);
  u32 first = call(WINDOW, 0);
  write_code(WINDOW, 71);
  check("code that changes", first == 17 && call(WINDOW, 0) == 71);

  map(0, PAGE_B | PAGE_RW | PAGE_XN);
  trap.kind = NONE;
  call(WINDOW, 0);
  check("MMU: execute-never page", trap.kind == PREFETCH && (MRC(0, 5, 0, 1) & 0x40f) == 0xf &&
                                     MRC(0, 6, 0, 2) == WINDOW);

  store(WINDOW + 0x1020, 0x33221100);
  store(WINDOW + 0x1024, 0x77665544);
  check("unaligned access", load(WINDOW + 0x1021) == 0x44332211 && load(WINDOW + 0x1023) == 0x66554433);
}
