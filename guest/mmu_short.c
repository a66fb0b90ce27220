/* Short descriptors: every kind of mapping, every permission, every fault, from both privileges. */
#include "guest.h"

static u32 l1[4096] __attribute__((aligned(16384)));
static u32 l1_low[4096] __attribute__((aligned(16384)));
static u32 l2[256] __attribute__((aligned(1024)));
static u32 l1_be[4096] __attribute__((aligned(16384)));

enum {
  SECTION = 2, SUPERSECTION = 1 << 18 | 2, TABLE = 1, LARGE = 1, SMALL = 2,
  S_PXN = 1, S_XN = 1 << 4, S_NG = 1 << 17, T_PXN = 1 << 2, L_XN = 1 << 15, P_XN = 1, P_NG = 1 << 11,
  NORMAL = 0x1004 | 8, /* TEX 001, C, B of a section */
};
#define S_AP(ap) ((((ap) & 3) << 10) | (((ap) >> 2) << 15))
#define P_AP(ap) ((((ap) & 3) << 4) | (((ap) >> 2) << 9))
#define DOMAIN(n) ((n) << 5)

/* Where things are mapped for the tests, and what is behind. */
enum { VA = 0x80000000, PA = TEST_RAM };

static void enter_code(u32 pa) {
  /* mov r0, #0x5a; bx lr */
  st32(pa, 0xe3a0005a);
  st32(pa + 4, 0xe12fff1e);
}

static void base_map(u32 *table) {
  memset(table, 0, 16384);
  for (u32 i = 0; i < 64; i++) table[0x400 + i] = (0x40000000 + (i << 20)) | SECTION | S_AP(3) | NORMAL;
  for (u32 i = 0x80; i < 0x91; i++) table[i] = i << 20 | SECTION | S_AP(3) | S_XN | 4;
}

static void mmu_on(u32 dacr, u32 bits) {
  MCR(0, 2, 0, 2, 0);
  MCR(0, 2, 0, 0, (u32)l1 | 0x4a);
  MCR(0, 2, 0, 1, (u32)l1 | 0x4a);
  MCR(0, 3, 0, 0, dacr);
  MCR(0, 13, 0, 1, 0);
  tlbiall();
  set_sctlr(sctlr() | SCTLR_M | bits);
}
static void mmu_off(void) {
  set_sctlr(sctlr() & ~(u32)(SCTLR_M | SCTLR_AFE | SCTLR_TRE | SCTLR_A | SCTLR_C | SCTLR_I));
  tlbiall();
}

static u32 do_read(u32 at) { return ld32(at); }
static u32 do_write(u32 at) {
  st32(at, 0x77777777);
  return 0x1;
}

/* Result of one access: "ok", or the fault's status. */
static void result(const char *what, u32 want) {
  if (trap.count == 0) say(" %s=ok", what);
  else if (trap.kind == DABT || trap.kind == PABT) {
    say(" %s=%s%x", what, trap.kind == PABT ? "p" : "d", trap.fsr);
    if (trap.far != want) say("@%x", trap.far);
  } else say(" %s=%s", what, kind_name(trap.kind));
  clear_trap();
}

/* Reads, writes and executes at va, privileged and not. */
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

static void map(u32 va, u32 descriptor) {
  l1[va >> 20] = descriptor;
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

static void sections(void) {
  static const u8 aps[] = {0, 1, 2, 3, 5, 6, 7};
  say("sections\n");
  map(VA, 0);
  probe("fault descriptor", VA);
  for (u32 i = 0; i < ARRAY_SIZE(aps); i++) {
    map(VA, PA | SECTION | DOMAIN(1) | S_AP(aps[i]) | NORMAL);
    probe(name("section ap", aps[i]), VA);
  }
  map(VA, PA | SECTION | DOMAIN(1) | S_AP(3) | S_XN | NORMAL);
  probe("section xn", VA);
  map(VA, PA | SECTION | DOMAIN(1) | S_AP(3) | S_PXN | NORMAL);
  probe("section pxn", VA);
  map(VA, PA | SECTION | DOMAIN(2) | S_AP(3) | NORMAL);
  probe("section, domain without access", VA);
  map(VA, PA | SECTION | DOMAIN(3) | S_AP(0) | S_XN | NORMAL);
  probe("section, manager", VA);
  map(VA, PA | SECTION | DOMAIN(15) | S_AP(1) | NORMAL);
  probe("section, domain 15", VA);
  for (u32 i = 0; i < 16; i++) l1[(VA >> 20) + 16 + i] = 0x41000000 | SUPERSECTION | S_AP(3) | NORMAL;
  tlbiall();
  st32(0x41000100, 0x10101010);
  st32(0x41f00100, 0xf1f1f1f1);
  enter_code(0x41000000);
  say("supersection: %x %x\n", ld32(VA + 0x1000100), ld32(VA + 0x1f00100));
  probe("supersection", VA + 0x1000000);
  for (u32 i = 0; i < 16; i++) l1[(VA >> 20) + 16 + i] = 0x41000000 | SUPERSECTION | S_AP(5) | S_XN | NORMAL;
  tlbiall();
  probe("supersection ap 5, xn", VA + 0x1000000);
}

static void pages(void) {
  static const u8 aps[] = {0, 1, 2, 3, 5, 6, 7};
  say("pages\n");
  memset(l2, 0, sizeof l2);
  map(VA, (u32)l2 | TABLE | DOMAIN(1));
  probe("no page", VA + 0x3000);
  for (u32 i = 0; i < ARRAY_SIZE(aps); i++) {
    l2[3] = PA | SMALL | P_AP(aps[i]) | 0xc;
    tlbiall();
    probe(name("small page ap", aps[i]), VA + 0x3000);
  }
  l2[3] = PA | SMALL | P_AP(3) | P_XN | 0xc;
  tlbiall();
  probe("small page xn", VA + 0x3000);
  for (u32 i = 16; i < 32; i++) l2[i] = PA | LARGE | P_AP(3) | 0xc;
  tlbiall();
  st32(PA + 0xf100, 0xf00d);
  say("large page: %x %x\n", ld32(VA + 0x10000 + 4), ld32(VA + 0x1f100));
  probe("large page", VA + 0x10000);
  for (u32 i = 16; i < 32; i++) l2[i] = PA | LARGE | P_AP(2) | L_XN | 0xc;
  tlbiall();
  probe("large page ap 2, xn", VA + 0x10000);
  l2[3] = PA | SMALL | P_AP(3) | 0xc;
  map(VA, (u32)l2 | TABLE | T_PXN | DOMAIN(1));
  probe("small page in a pxn table", VA + 0x3000);
  map(VA, (u32)l2 | TABLE | DOMAIN(2));
  probe("small page, domain without access", VA + 0x3000);
  map(VA, (u32)l2 | TABLE | DOMAIN(4));
  probe("no page, domain without access", VA + 0x4000);
  l2[3] = PA | SMALL | P_AP(0) | P_XN | 0xc;
  map(VA, (u32)l2 | TABLE | DOMAIN(3));
  probe("small page, manager", VA + 0x3000);
  probe("no page, manager", VA + 0x4000);
  /* Neighbours are their own. */
  l2[4] = (PA + 0x1000) | SMALL | P_AP(3) | 0xc;
  l2[5] = (PA + 0x5000) | SMALL | P_AP(3) | 0xc;
  map(VA, (u32)l2 | TABLE | DOMAIN(1));
  st32(PA + 0x1000, 0x4444);
  st32(PA + 0x5000, 0x5555);
  say("neighbours: %x %x\n", ld32(VA + 0x4000), ld32(VA + 0x5000));
}

/* DACR alone changes what is allowed, without TLB maintenance. */
static void domains(void) {
  say("domains\n");
  map(VA, PA | SECTION | DOMAIN(5) | S_AP(2) | S_XN | NORMAL);
  for (u32 kind = 0; kind < 4; kind++) {
    if (kind == 2) continue;
    MCR(0, 3, 0, 0, 0x1 | kind << 10);
    isb();
    probe(name("domain kind", kind), VA);
  }
  MCR(0, 3, 0, 0, 0x40000045);
  isb();
}

static void access_flag(void) {
  say("access flag\n");
  mmu_off();
  /* The permissions of the base map have AP[0] set, so it is accessible. */
  mmu_on(0x40000045, SCTLR_AFE);
  memset(l2, 0, sizeof l2);
  for (u32 ap = 0; ap < 8; ap++) {
    map(VA, PA | SECTION | DOMAIN(1) | S_AP(ap) | NORMAL);
    probe(name("section ap", ap), VA);
  }
  map(VA, (u32)l2 | TABLE | DOMAIN(1));
  for (u32 ap = 0; ap < 8; ap++) {
    l2[3] = PA | SMALL | P_AP(ap) | 0xc;
    tlbiall();
    probe(name("small page ap", ap), VA + 0x3000);
  }
  map(VA, PA | SECTION | DOMAIN(2) | S_AP(0) | NORMAL);
  probe("no access flag, domain without access", VA);
  map(VA, PA | SECTION | DOMAIN(3) | S_AP(0) | NORMAL);
  probe("no access flag, manager", VA);
  mmu_off();
  mmu_on(0x40000045, 0);
}

static void tex_remap(void) {
  say("tex remap\n");
  u32 prrr = MRC(0, 10, 2, 0), nmrr = MRC(0, 10, 2, 1);
  MCR(0, 10, 2, 0, 0x000a81a8);
  MCR(0, 10, 2, 1, 0x40e040e0);
  say("prrr=%x nmrr=%x\n", MRC(0, 10, 2, 0), MRC(0, 10, 2, 1));
  mmu_off();
  mmu_on(0x40000045, SCTLR_TRE);
  map(VA, PA | SECTION | DOMAIN(1) | S_AP(3) | 0x0c);
  probe("section", VA);
  mmu_off();
  MCR(0, 10, 2, 0, prrr);
  MCR(0, 10, 2, 1, nmrr);
  mmu_on(0x40000045, 0);
}

/* TTBCR.N: what is below 2^(32-N) is TTBR0's, the rest TTBR1's; PD0 and PD1 close them. */
static void split(void) {
  say("ttbcr\n");
  for (u32 n = 1; n < 8; n++) {
    u32 boundary = 0x80000000u >> (n - 1);
    mmu_off();
    memset(l1_low, 0, sizeof l1_low);
    /* TTBR0's last megabyte is PA + 0x100000, TTBR1's first one PA + 0x200000. */
    u32 low = boundary - 0x100000, high = boundary;
    if (high == RAM_BASE) high = 0x60000000; /* not over the program */
    st32(PA + 0x100000, 0x10);
    st32(PA + 0x200000, 0x20);
    base_map(l1);
    if (n == 1) base_map(l1_low);
    l1_low[low >> 20] = (PA + 0x100000) | SECTION | S_AP(3) | S_XN | NORMAL;
    l1[high >> 20] = (PA + 0x200000) | SECTION | S_AP(3) | S_XN | NORMAL;
    /* What the program itself needs stays in the TTBR that translates it. */
    for (u32 i = 0x80; i < 0x91 && i < boundary >> 20; i++) l1_low[i] = i << 20 | SECTION | S_AP(3) | S_XN | 4;
    MCR(0, 2, 0, 1, (u32)l1);
    MCR(0, 2, 0, 0, (u32)l1_low);
    MCR(0, 2, 0, 2, n);
    tlbiall();
    set_sctlr(sctlr() | SCTLR_M);
    u32 a = ld32(low), b = ld32(high);
    say("n=%u %x: %x, %x: %x\n", n, low, a, high, b);
    clear_trap();
    /* PD1 would take the program away unless TTBR0 has it. */
    if (n == 1) {
      MCR(0, 2, 0, 2, n | 0x20);
      tlbiall();
      ld32(high);
      say("pd1");
      result("r", high);
      ld32(low);
      result("low", low);
      say("\n");
    } else {
      /* The serial line is below: quiet until it is back. */
      u32 fsr[2], far[2];
      MCR(0, 2, 0, 2, n | 0x10);
      tlbiall();
      clear_trap();
      ld32(low);
      fsr[0] = trap.fsr;
      far[0] = trap.far;
      clear_trap();
      ld32(high);
      fsr[1] = trap.fsr;
      far[1] = trap.far;
      MCR(0, 2, 0, 2, n);
      tlbiall();
      say("pd0 low %x %x high %x %x\n", fsr[0], far[0], fsr[1], far[1]);
      clear_trap();
    }
  }
  mmu_off();
  MCR(0, 2, 0, 2, 0xffffffff & ~(1u << 31));
  say("ttbcr reads %x\n", MRC(0, 2, 0, 2) & 0x37);
  MCR(0, 2, 0, 2, 0);
  base_map(l1);
  mmu_on(0x40000045, 0);
}

/* The tables themselves cannot be read: nothing is at 0xe0000000. */
static void walk_aborts(void) {
  say("external aborts on walks\n");
  map(VA, 0xe0000000 | TABLE | DOMAIN(1));
  probe("second level", VA);
  map(VA, 0);
  mmu_off();
  memset(l1_low, 0, sizeof l1_low);
  MCR(0, 2, 0, 1, (u32)l1);
  MCR(0, 2, 0, 0, 0xe0000000);
  MCR(0, 2, 0, 2, 7); /* TTBR0 up to 0x02000000 */
  tlbiall();
  set_sctlr(sctlr() | SCTLR_M);
  probe("first level", 0x01000000);
  mmu_off();
  mmu_on(0x40000045, 0);
}

/* Which of two reasons is reported; pages that a word crosses. */
static void order(void) {
  say("order\n");
  memset(l2, 0, sizeof l2);
  map(VA, (u32)l2 | TABLE | DOMAIN(1));
  l2[3] = PA | SMALL | P_AP(3) | 0xc;
  l2[5] = PA | SMALL | P_AP(2) | 0xc;
  l2[6] = (PA + 0x1000) | SMALL | P_AP(1) | 0xc;
  tlbiall();
  clear_trap();
  u32 v = ld32(VA + 0x3ffe);
  result("into nothing", VA + 0x4000);
  st32(VA + 0x3ffe, 0);
  result("write into nothing", VA + 0x4000);
  v = ld32(VA + 0x2ffe);
  result("from nothing", VA + 0x2ffe);
  v = ld16(VA + 0x3fff);
  result("half", VA + 0x4000);
  st32(VA + 0x5ffe, 0x12345678);
  v = ld32(VA + 0x5ffe);
  result("both there", 0);
  say(" %x", v);
  call_user(do_write, VA + 0x5ffe);
  result("user write", VA + 0x5ffe);
  call_user(do_read, VA + 0x5ffe);
  result("user read", VA + 0x6000);
  asm volatile("ldrd r2, r3, [%0]" ::"r"(VA + 0x3ffc) : "r2", "r3", "memory");
  result("ldrd", VA + 0x4000);
  asm volatile("strd r2, r3, [%0]" ::"r"(VA + 0x3ffc) : "memory");
  result("strd", VA + 0x4000);
  asm volatile("ldm %0, {r2-r5}" ::"r"(VA + 0x3ff8) : "r2", "r3", "r4", "r5", "memory");
  result("ldm", VA + 0x4000);
  asm volatile("stm %0, {r2-r5}" ::"r"(VA + 0x3ff8) : "memory");
  result("stm", VA + 0x4000);
  u32 base = VA + 0x3ff8;
  asm volatile("ldm %0!, {r2-r5}" : "+r"(base)::"r2", "r3", "r4", "r5", "memory");
  say(" base=%x", base);
  result("ldm!", VA + 0x4000);
  base = VA + 0x4000;
  asm volatile("ldr r2, [%0], #4" : "+r"(base)::"r2", "memory");
  say(" base=%x", base);
  result("ldr!", VA + 0x4000);
  set_sctlr(sctlr() | SCTLR_A);
  v = ld32(VA + 0x4002);
  result("alignment and translation", VA + 0x4002);
  set_sctlr(sctlr() & ~(u32)SCTLR_A);
  say("\n");
}

/* Walks in the endianness of SCTLR.EE. */
static void big_endian(void) {
  mmu_off();
  for (u32 i = 0; i < 4096; i++) l1_be[i] = __builtin_bswap32(l1[i]);
  l1_be[VA >> 20] = __builtin_bswap32((u32)l2 | TABLE);
  l2[3] = __builtin_bswap32(PA | SMALL | P_AP(3) | 0xc);
  MCR(0, 2, 0, 0, (u32)l1_be);
  tlbiall();
  st32(PA + 0x200, 0xbebebe);
  set_sctlr(sctlr() | SCTLR_M | SCTLR_EE);
  u32 v = ld32(VA + 0x3200);
  set_sctlr(sctlr() & ~(u32)(SCTLR_M | SCTLR_EE));
  tlbiall();
  say("big-endian tables: %x\n", v);
}

int main(void) {
  base_map(l1);
  enter_code(PA);
  mmu_on(0x40000045, 0);
  sections();
  pages();
  domains();
  access_flag();
  tex_remap();
  split();
  walk_aborts();
  order();
  big_endian();
  return 0;
}
