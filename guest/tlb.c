/* TLB maintenance, ASIDs and address translation operations: a mapping that was changed and
   invalidated by the book is never seen again. */
#include "guest.h"

static u32 l1[4096] __attribute__((aligned(16384)));
static u32 l1_other[4096] __attribute__((aligned(16384)));
static u32 l2[256] __attribute__((aligned(1024)));

enum { VA = 0x80000000, PA = TEST_RAM, SECTION = 0x140e, FULL = 0xc00, NG = 1 << 17, SMALL = 2 };

static void base_map(u32 *table) {
  memset(table, 0, 16384);
  for (u32 i = 0; i < 64; i++) table[0x400 + i] = (0x40000000 + (i << 20)) | SECTION | FULL;
  for (u32 i = 0x80; i < 0x91; i++) table[i] = i << 20 | 0xc16;
}

enum { ALL, I_ALL, D_ALL, IS_ALL, MVA, I_MVA, D_MVA, IS_MVA, MVAA, IS_MVAA, ASID, I_ASID, D_ASID, IS_ASID, KINDS };
static const char *const kinds[] = {
  "TLBIALL", "ITLBIALL", "DTLBIALL", "TLBIALLIS", "TLBIMVA", "ITLBIMVA", "DTLBIMVA", "TLBIMVAIS", "TLBIMVAA",
  "TLBIMVAAIS", "TLBIASID", "ITLBIASID", "DTLBIASID", "TLBIASIDIS",
};
static void invalidate(u32 kind, u32 va, u32 asid) {
  dsb();
  switch (kind) {
    case ALL: MCR(0, 8, 7, 0, 0); break;
    case I_ALL: MCR(0, 8, 5, 0, 0); break;
    case D_ALL: MCR(0, 8, 6, 0, 0); break;
    case IS_ALL: MCR(0, 8, 3, 0, 0); break;
    case MVA: MCR(0, 8, 7, 1, va | asid); break;
    case I_MVA: MCR(0, 8, 5, 1, va | asid); break;
    case D_MVA: MCR(0, 8, 6, 1, va | asid); break;
    case IS_MVA: MCR(0, 8, 3, 1, va | asid); break;
    case MVAA: MCR(0, 8, 7, 3, va); break;
    case IS_MVAA: MCR(0, 8, 3, 3, va); break;
    case ASID: MCR(0, 8, 7, 2, asid); break;
    case I_ASID: MCR(0, 8, 5, 2, asid); break;
    case D_ASID: MCR(0, 8, 6, 2, asid); break;
    case IS_ASID: MCR(0, 8, 3, 2, asid); break;
  }
  dsb();
  isb();
}
static int is_instruction_only(u32 kind) { return kind == I_ALL || kind == I_MVA || kind == I_ASID; }
static int is_data_only(u32 kind) { return kind == D_ALL || kind == D_MVA || kind == D_ASID; }

static void set_asid(u32 asid) {
  MCR(0, 13, 0, 1, asid);
  isb();
}

/* Pages and sections, global and not, changed under every operation. */
static void maintenance(void) {
  for (u32 kind = 0; kind < KINDS; kind++) {
    for (u32 form = 0; form < 4; form++) {
      u32 section = form & 1, non_global = form >> 1;
      if (!non_global && (kind == ASID || kind == I_ASID || kind == D_ASID || kind == IS_ASID)) continue;
      u32 seen[3], ran[3];
      for (u32 step = 0; step < 3; step++) {
        u32 pa = PA + (step << 20);
        if (section) l1[VA >> 20] = pa | SECTION | FULL | (non_global ? NG : 0);
        else {
          l1[VA >> 20] = (u32)l2 | 1;
          l2[0] = pa | SMALL | 0x3c | (non_global ? 0x800 : 0);
        }
        /* What kind of mapping it is changes along, so everything goes before the first step. */
        if (step == 0) invalidate(ALL, 0, 0);
        else invalidate(kind, VA, 7);
        seen[step] = is_instruction_only(kind) ? 0 : ld32(VA + 0x200);
        ran[step] = is_data_only(kind) ? 0 : call((void *)VA, 0);
        if (step == 1) call_user((void *)VA, 0);
      }
      say("%s %s%s: %x %x %x, %x %x %x\n", kinds[kind], section ? "section" : "page", non_global ? " nG" : "", seen[0],
          seen[1], seen[2], ran[0], ran[1], ran[2]);
    }
  }
}

/* Two address spaces, back and forth without maintenance. */
static void address_spaces(void) {
  base_map(l1_other);
  l1[VA >> 20] = PA | SECTION | FULL | NG;
  l1_other[VA >> 20] = (PA + 0x100000) | SECTION | FULL | NG;
  l1[(VA >> 20) + 1] = (PA + 0x200000) | SECTION | FULL;
  l1_other[(VA >> 20) + 1] = (PA + 0x200000) | SECTION | FULL;
  invalidate(ALL, 0, 0);
  for (u32 turn = 0; turn < 4; turn++) {
    MCR(0, 13, 0, 1, 0); /* the reserved ASID, by DDI 0406C B3.10.4 */
    isb();
    MCR(0, 2, 0, 0, (u32)(turn & 1 ? l1_other : l1) | 0x4a);
    isb();
    set_asid(turn & 1 ? 2 : 1);
    u32 a = ld32(VA + 0x200), b = ld32(VA + 0x100200);
    u32 c = call((void *)VA, 0), d = call_user((void *)VA, 0);
    say("space %u: %x %x, %x %x\n", turn & 1, a, b, c, d);
    st32(VA + 0x300, 0x1000 + turn);
  }
  say("stored %x %x\n", ld32(PA + 0x300), ld32(PA + 0x100300));
  MCR(0, 2, 0, 0, (u32)l1 | 0x4a);
  isb();
  set_asid(7);
  say("contextidr %x\n", MRC(0, 13, 0, 1));
  MCR(0, 13, 0, 1, 0x12345607);
  say("contextidr %x\n", MRC(0, 13, 0, 1));
  set_asid(7);
  invalidate(ALL, 0, 0);
}

/* Many pages that compete for the same places of any TLB. */
static void many(void) {
  u32 sum = 0;
  memset(l2, 0, sizeof l2);
  for (u32 i = 0; i < 256; i++) {
    l2[i] = (PA + 0x300000 + (i << 12)) | SMALL | 0x3c;
    st32(PA + 0x300000 + (i << 12) + 4 * i, i * 0x01010101);
  }
  for (u32 i = 0; i < 16; i++) l1[(VA >> 20) + 16 * i] = (u32)l2 | 1;
  invalidate(ALL, 0, 0);
  for (u32 round = 0; round < 2; round++) {
    for (u32 i = 0; i < 256; i++) sum = sum * 3 + ld32(VA + ((i & 15) << 24) + (i << 12) + 4 * i);
  }
  say("many pages: %x\n", sum);
  for (u32 i = 0; i < 16; i++) l1[(VA >> 20) + 16 * i] = 0;
  invalidate(ALL, 0, 0);
}

/* ATS1C: only the address and the fault are compared. Attributes are not modelled everywhere. */
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
    u32 par = MRC(0, 7, 4, 0);
    static const char *const ops[] = {"pr", "pw", "ur", "uw"};
    say(" %s=%x", ops[op], par & 1 ? par & 0x7f : par & ((par & 2) ? 0xff000002 : 0xfffff000));
  }
  say("\n");
}
static void translations(void) {
  memset(l2, 0, sizeof l2);
  l1[VA >> 20] = (u32)l2 | 1;
  l2[0] = (PA + 0x5000) | SMALL | 0x3c;  /* all */
  l2[1] = (PA + 0x6000) | SMALL | 0x1c;  /* privileged */
  l2[2] = (PA + 0x7000) | SMALL | 0x2c;  /* user reads */
  l2[3] = (PA + 0x8000) | SMALL | 0x23c; /* read only */
  for (u32 i = 16; i < 32; i++) l2[i] = (PA + 0x10000) | 0x3d; /* large */
  l1[(VA >> 20) + 1] = PA | SECTION | FULL;
  l1[(VA >> 20) + 2] = PA | SECTION | FULL | 1 << 5; /* domain 1: no access */
  for (u32 i = 0; i < 16; i++) l1[(VA >> 20) + 16 + i] = 0x41000000 | 0x40000 | SECTION | FULL;
  invalidate(ALL, 0, 0);
  clear_trap();
  translate("small page", VA + 0x123);
  translate("privileged page", VA + 0x1456);
  translate("user reads", VA + 0x2456);
  translate("read only", VA + 0x3456);
  translate("no page", VA + 0x4000);
  translate("large page", VA + 0x1a456);
  translate("section", VA + 0x1abcde);
  translate("domain", VA + 0x200000);
  translate("no section", VA + 0x300000);
  translate("supersection", VA + 0x1abcdef);
  translate("the program", RAM_BASE + 0x10000);
  say("traps %u\n", trap.count);
  MCR(0, 7, 4, 0, 0x89abcdef);
  say("par %x\n", MRC(0, 7, 4, 0));
}

int main(void) {
  base_map(l1);
  for (u32 i = 0; i < 4; i++) {
    st32(PA + (i << 20), 0xe3a00010 + i); /* mov r0, #0x10 + i */
    st32(PA + (i << 20) + 4, 0xe12fff1e);
    st32(PA + (i << 20) + 0x200, 0xda7a0000 + i);
    sync_code((void *)(PA + (i << 20)), 8);
  }
  MCR(0, 2, 0, 2, 0);
  MCR(0, 2, 0, 0, (u32)l1 | 0x4a);
  MCR(0, 3, 0, 0, 1);
  set_asid(7);
  tlbiall();
  set_sctlr(sctlr() | SCTLR_M | SCTLR_C | SCTLR_I);
  maintenance();
  address_spaces();
  many();
  translations();
  return 0;
}
