/* Long descriptors: levels, permissions with table attributes, access flag, every fault, TTBCR. */
#include "guest.h"

static u64 top[4] __attribute__((aligned(32)));
static u64 top_high[4] __attribute__((aligned(32)));
static u64 mid[512] __attribute__((aligned(4096)));
static u64 mid_other[512] __attribute__((aligned(4096)));
static u64 leaf[512] __attribute__((aligned(4096)));

#define BLOCK 1ull
#define TABLE 3ull
#define PAGE 3ull
#define ATTR(n) ((u64)(n) << 2)
#define AP(n) ((u64)(n) << 6) /* AP[2:1] */
#define SH 0x300ull
#define AF (1ull << 10)
#define NG (1ull << 11)
#define PXN (1ull << 53)
#define XN (1ull << 54)
#define PXN_TABLE (1ull << 59)
#define XN_TABLE (1ull << 60)
#define AP_TABLE(n) ((u64)(n) << 61)
#define EAE (1u << 31)

enum { VA = 0x80000000, PA = TEST_RAM };

static void mmu_on(u32 ttbcr) {
  MCR(0, 2, 0, 2, EAE | ttbcr);
  MCRR(0, 2, (u32)top);
  MCRR(1, 2, (u32)top_high);
  MCR(0, 10, 2, 0, 0x0000ff04); /* MAIR0: 0 device, 1 write-back */
  MCR(0, 10, 2, 1, 0x44444444);
  tlbiall();
  set_sctlr(sctlr() | SCTLR_M);
}
static void mmu_off(void) {
  set_sctlr(sctlr() & ~(u32)SCTLR_M);
  tlbiall();
}
static void base_map(void) {
  memset(top, 0, sizeof top);
  memset(top_high, 0, sizeof top_high);
  memset(mid, 0, sizeof mid);
  memset(leaf, 0, sizeof leaf);
  top[0] = BLOCK | AP(1) | AF | XN | ATTR(0);
  top[1] = RAM_BASE | BLOCK | AP(1) | AF | SH | ATTR(1);
  top[2] = (u32)mid | TABLE;
}

static u32 do_read(u32 at) { return ld32(at); }
static u32 do_write(u32 at) {
  st32(at, 0x77777777);
  return 0x1;
}
static void result(const char *what, u32 want) {
  if (trap.count == 0) say(" %s=ok", what);
  else if (trap.kind == DABT || trap.kind == PABT) {
    say(" %s=%s%x", what, trap.kind == PABT ? "p" : "d", trap.fsr);
    if (trap.far != want) say("@%x", trap.far);
  } else say(" %s=%s", what, kind_name(trap.kind));
  clear_trap();
}
static void probe(const char *name, u32 va) {
  clear_trap();
  say("%s:", name);
  u32 v = do_read(va + 0x100);
  result("r", va + 0x100);
  do_write(va + 0x104);
  result("w", va + 0x104);
  call((void *)va, 0);
  result("x", va);
  call_user(do_read, va + 0x100);
  result("ur", va + 0x100);
  call_user(do_write, va + 0x104);
  result("uw", va + 0x104);
  call_user((void *)va, 0);
  result("ux", va);
  asm volatile("ldrt %0, [%1]" : "=r"(v) : "r"(va + 0x100) : "memory");
  result("rt", va + 0x100);
  asm volatile("strt %0, [%1]" ::"r"(0), "r"(va + 0x104) : "memory");
  result("wt", va + 0x104);
  say("\n");
}
static void set(volatile u64 *entry, u64 value) {
  *entry = value;
  tlbiall();
}
static char line[64];
static const char *name(const char *text, u32 n) {
  char *p = line;
  while (*text) *p++ = *text++;
  *p++ = ' ';
  *p++ = "0123456789abcdef"[n & 15];
  *p = 0;
  return line;
}

static void faults(void) {
  say("faults\n");
  set(&top[2], 0);
  probe("level 1 invalid", VA);
  set(&top[2], 2);
  probe("level 1 invalid, bit 1", VA);
  set(&top[2], RAM_BASE | BLOCK | AP(1) | ATTR(1));
  probe("level 1 without access flag", VA + 0x800000);
  set(&top[2], RAM_BASE | BLOCK | AP(0) | AF | XN | ATTR(1));
  probe("level 1 privileged only", VA + 0x800000);
  set(&top[2], (u32)mid | TABLE);
  set(&mid[0], 0);
  probe("level 2 invalid", VA);
  set(&mid[0], 2);
  probe("level 2 invalid, bit 1", VA);
  set(&mid[0], PA | BLOCK | AP(1) | ATTR(1));
  probe("level 2 without access flag", VA);
  set(&mid[0], (u32)leaf | TABLE);
  set(&leaf[3], 0);
  probe("level 3 invalid", VA + 0x3000);
  set(&leaf[3], PA | BLOCK | AP(1) | AF | ATTR(1));
  probe("level 3 block is reserved", VA + 0x3000);
  set(&leaf[3], PA | PAGE | AP(1) | ATTR(1));
  probe("level 3 without access flag", VA + 0x3000);
  set(&leaf[3], PA | PAGE | AP(1) | AF | ATTR(1));
  probe("level 3", VA + 0x3000);
  set(&top[2], 0xe0000000 | TABLE);
  probe("level 2 table is nowhere", VA);
  set(&top[2], (u32)mid | TABLE);
  set(&mid[0], 0xe0000000 | TABLE);
  probe("level 3 table is nowhere", VA);
  set(&top[3], 0);
  probe("top of memory", 0xfffff000);
}

static void permissions(void) {
  say("permissions\n");
  for (u32 ap = 0; ap < 4; ap++) {
    set(&mid[0], PA | BLOCK | AP(ap) | AF | ATTR(1));
    probe(name("block ap", ap), VA);
  }
  set(&mid[0], PA | BLOCK | AP(1) | AF | XN | ATTR(1));
  probe("block xn", VA);
  set(&mid[0], PA | BLOCK | AP(1) | AF | PXN | ATTR(1));
  probe("block pxn", VA);
  mid[0] = (u32)leaf | TABLE;
  for (u32 ap = 0; ap < 4; ap++) {
    set(&leaf[3], PA | PAGE | AP(ap) | AF | ATTR(1));
    probe(name("page ap", ap), VA + 0x3000);
  }
  set(&leaf[3], PA | PAGE | AP(1) | AF | XN | PXN | ATTR(1));
  probe("page xn, pxn", VA + 0x3000);
  /* Attributes of tables only take away. */
  for (u32 table = 0; table < 4; table++) {
    for (u32 ap = 0; ap < 4; ap++) {
      set(&leaf[3], PA | PAGE | AP(ap) | AF | ATTR(1));
      set(&top[2], (u32)mid | TABLE | AP_TABLE(table));
      say("table ap %u, ", table);
      probe(name("page ap", ap), VA + 0x3000);
    }
  }
  set(&leaf[3], PA | PAGE | AP(1) | AF | ATTR(1));
  set(&top[2], (u32)mid | TABLE | AP_TABLE(1));
  set(&mid[0], (u32)leaf | TABLE | AP_TABLE(2));
  probe("both tables", VA + 0x3000);
  set(&top[2], (u32)mid | TABLE | XN_TABLE);
  set(&mid[0], (u32)leaf | TABLE);
  probe("table xn", VA + 0x3000);
  set(&top[2], (u32)mid | TABLE);
  set(&mid[0], (u32)leaf | TABLE | PXN_TABLE);
  probe("table pxn", VA + 0x3000);
  set(&mid[0], PA | BLOCK | AP(1) | AF | ATTR(1));
  set(&top[2], (u32)mid | TABLE | XN_TABLE | AP_TABLE(2));
  probe("block under table xn, ap 2", VA);
  set(&top[2], (u32)mid | TABLE);
}

/* Sizes: what is behind each part of a block. */
static void sizes(void) {
  say("sizes\n");
  st32(0x40c12344, 0x11111111);
  st32(0x40dffffc, 0x22222222);
  st32(0x41234560, 0x33333333);
  set(&top[3], RAM_BASE | BLOCK | AP(1) | AF | ATTR(1));
  set(&mid[0], 0x40c00000 | BLOCK | AP(1) | AF | ATTR(1));
  set(&mid[1], (u32)leaf | TABLE);
  set(&mid[511], 0x41200000 | BLOCK | AP(1) | AF | ATTR(1));
  set(&leaf[511], 0x40c12000 | PAGE | AP(1) | AF | ATTR(1));
  set(&leaf[0], 0x40dff000 | PAGE | AP(1) | AF | ATTR(1));
  say("%x %x %x %x %x %x\n", ld32(0xc0c12344), ld32(0xc1234560), ld32(VA + 0x12344), ld32(VA + 0x1ffffc),
      ld32(VA + 0x3fe34560), ld32(VA + 0x3ff344));
  say("%x %x\n", ld32(VA + 0x200ffc), ld32(VA + 0x1ffffe));
  set(&top[3], 0);
}

/* T0SZ, T1SZ, EPD0, EPD1: a level-1 fault for what neither table has. */
static void split(void) {
  say("ttbcr\n");
  mmu_off();
  /* TTBR1 has the upper half: its entries 2 and 3 with T1SZ = 1 start at 0x80000000. */
  st32(PA + 0x100, 0xaaaa);
  st32(0x40c00100, 0xbbbb);
  memset(mid_other, 0, sizeof mid_other);
  mid_other[0] = 0x40c00000 | BLOCK | AP(1) | AF | XN | ATTR(1);
  mid[0] = PA | BLOCK | AP(1) | AF | ATTR(1);
  mid[1] = 0;
  top_high[0] = top_high[2] = (u32)mid_other | TABLE;
  mmu_on(0);
  say("t0sz 0: %x\n", ld32(VA + 0x100));
  for (u32 t1sz = 1; t1sz < 8; t1sz++) {
    u32 va = 0u - (0x80000000u >> (t1sz - 1));
    /* From T1SZ = 2 up, lookups start at level 2. */
    mmu_off();
    top_high[0] = (u32)mid_other | TABLE;
    mmu_on(t1sz << 16);
    if (t1sz >= 2) MCRR(1, 2, (u32)mid_other);
    tlbiall();
    clear_trap();
    u32 r = ld32(va + 0x100);
    say("t1sz %u", t1sz);
    result(" first", va + 0x100);
    say(" %x", r);
    if (t1sz > 1) { /* below 0x80000000 there is RAM's mapping, but no RAM */
      r = ld32(va - 0x1ffff0);
      result(" below", va - 0x1ffff0);
    }
    r = ld32(va + 0x200000);
    result(" after", va + 0x200000);
    say("\n");
  }
  for (u32 t0sz = 1; t0sz < 2; t0sz++) {
    mmu_off();
    mmu_on(t0sz);
    clear_trap();
    u32 r = ld32(VA + 0x100);
    say("t0sz %u", t0sz);
    result(" above, no t1sz", VA + 0x100);
    say(" %x\n", r);
    mmu_off();
    mmu_on(t0sz | 2 << 16);
    MCRR(1, 2, (u32)mid_other);
    tlbiall();
    r = ld32(VA + 0x100);
    say("t0sz 1, t1sz 2");
    result(" in neither", VA + 0x100);
    r = ld32(0xc0000100);
    result(" in 1", 0xc0000100);
    say(" %x\n", r);
  }
  mmu_off();
  mmu_on(1 << 16 | 1 << 23); /* EPD1 */
  clear_trap();
  ld32(VA + 0x100);
  say("epd1");
  result("", VA + 0x100);
  say("\n");
  mmu_off();
  MCR(0, 2, 0, 2, 0xffffffff);
  say("ttbcr reads %x\n", MRC(0, 2, 0, 2));
  MCR(0, 2, 0, 2, EAE);
  MCRR(0, 2, 0x00ff00ffffffffe0ull);
  say("ttbr0 reads %X, 32 bits %x\n", MRRC(0, 2), MRC(0, 2, 0, 0));
  MCRR(1, 2, 0x005a000012345000ull);
  say("ttbr1 reads %X\n", MRRC(1, 2));
  MCR(0, 2, 0, 0, 0x40001000);
  say("after a 32-bit write %x\n", MRC(0, 2, 0, 0));
  MCR(0, 10, 2, 0, 0x12345678);
  MCR(0, 10, 2, 1, 0x9abcdef0);
  say("mair %x %x\n", MRC(0, 10, 2, 0), MRC(0, 10, 2, 1));
}

static void other_faults(void) {
  say("other faults\n");
  set(&mid[0], PA | BLOCK | AP(1) | AF | ATTR(1));
  clear_trap();
  set_sctlr(sctlr() | SCTLR_A);
  ld32(VA + 2);
  result("alignment", VA + 2);
  st16(VA + 1, 0);
  result("alignment", VA + 1);
  set_sctlr(sctlr() & ~(u32)SCTLR_A);
  asm volatile("ldm %0, {r2, r3}" ::"r"(VA + 2) : "r2", "r3", "memory");
  result("alignment", VA + 2);
  asm volatile("bkpt #1");
  say(" bkpt=%s%x", kind_name(trap.kind), trap.fsr);
  clear_trap();
  set(&mid[1], 0);
  set(&mid[0], PA | BLOCK | AP(1) | AF | ATTR(1));
  ld32(VA + 0x1ffffe);
  result("crossing", VA + 0x200000);
  say("\n");
  /* UWXN: what User mode can write is not executed with privilege. */
  set(&top[1], RAM_BASE | BLOCK | AP(0) | AF | SH | ATTR(1));
  set_sctlr(sctlr() | 1 << 20);
  tlbiall();
  for (u32 ap = 0; ap < 4; ap++) {
    set(&mid[0], PA | BLOCK | AP(ap) | AF | ATTR(1));
    clear_trap();
    u32 r = call((void *)VA, 0);
    say("uwxn, ap %u: %x", ap, r);
    result("", VA);
    say("\n");
  }
  set_sctlr(sctlr() & ~(1u << 20));
  set(&top[1], RAM_BASE | BLOCK | AP(1) | AF | SH | ATTR(1));
}

/* ASIDs in the TTBRs; A1 says which counts. nG entries of the other are not seen. */
static void asids(void) {
  say("asids\n");
  st32(PA, 0xa0);
  st32(PA + 0x200000, 0xa1);
  set(&mid[0], PA | BLOCK | AP(1) | AF | NG | ATTR(1));
  MCRR(0, 2, 1ull << 48 | (u32)top);
  isb();
  u32 a = ld32(VA);
  mid[0] = (PA + 0x200000) | BLOCK | AP(1) | AF | NG | ATTR(1);
  dsb();
  MCRR(0, 2, 2ull << 48 | (u32)top);
  isb();
  u32 b = ld32(VA);
  MCR(0, 8, 7, 2, 1); /* TLBIASID */
  dsb();
  isb();
  MCRR(0, 2, 1ull << 48 | (u32)top);
  isb();
  u32 c = ld32(VA);
  say("%x %x %x\n", a, b, c);
  st32(PA, 0xe3a0005a);
}

/* ATS1C answers in the long form of PAR. */
static void translate(const char *name, u32 va) {
  say("%s:", name);
  for (u32 op = 0; op < 4; op++) {
    switch (op) {
      case 0: MCR(0, 7, 8, 0, va); break;
      case 1: MCR(0, 7, 8, 1, va); break;
      case 2: MCR(0, 7, 8, 2, va); break;
      case 3: MCR(0, 7, 8, 3, va); break;
    }
    isb();
    static const char *const ops[] = {"pr", "pw", "ur", "uw"};
    say(" %s=%X", ops[op], MRRC(0, 7));
  }
  say("\n");
}
static void translations(void) {
  say("translations\n");
  mid[1] = (u32)leaf | TABLE;
  leaf[0] = (PA + 0x5000) | PAGE | AP(1) | AF | SH | ATTR(1);
  leaf[1] = (PA + 0x6000) | PAGE | AP(0) | AF | SH | ATTR(1);
  leaf[2] = (PA + 0x7000) | PAGE | AP(3) | AF | SH | ATTR(1);
  leaf[3] = 0;
  leaf[4] = (PA + 0x8000) | PAGE | AP(1) | SH | ATTR(1);
  leaf[5] = (PA + 0x9000) | PAGE | AP(1) | AF | ATTR(1);
  leaf[6] = 0x12345000 | PAGE | AP(1) | AF | 0x200 | ATTR(0); /* devices are outer shareable */
  leaf[7] = 0xab12345000ull | PAGE | AP(1) | AF | SH | ATTR(1);
  leaf[8] = (PA + 0xa000) | PAGE | AP(1) | AF | ATTR(4);
  set(&mid[0], PA | BLOCK | AP(1) | AF | SH | ATTR(1));
  clear_trap();
  translate("page", VA + 0x200123);
  translate("privileged page", VA + 0x201456);
  translate("read only", VA + 0x202456);
  translate("no page", VA + 0x203456);
  translate("no access flag", VA + 0x204456);
  translate("not shareable", VA + 0x205456);
  translate("device", VA + 0x206456);
  translate("forty bits", VA + 0x207456);
  translate("not cacheable", VA + 0x208456);
  translate("block", VA + 0x123456);
  translate("level 1 block", RAM_BASE + 0x123456);
  translate("nothing", 0xfffff000);
  say("traps %u\n", trap.count);
  MCRR(0, 7, 0x0123456789abcdefull);
  say("par %X %x\n", MRRC(0, 7), MRC(0, 7, 4, 0));
  MCR(0, 7, 4, 0, 0x11223344);
  say("par %X\n", MRRC(0, 7));
}

int main(void) {
  st32(PA, 0xe3a0005a); /* mov r0, #0x5a */
  st32(PA + 4, 0xe12fff1e); /* bx lr */
  base_map();
  mmu_on(0);
  faults();
  permissions();
  sizes();
  other_faults();
  asids();
  translations();
  split();
  return 0;
}
