/* Code that is written while it is run: other pages, the same page, aliases, remapped pages, both
   instruction sets at one address. Always with the maintenance that DDI 0406C A3.8.7 asks for. */
#include "guest.h"

static u32 l1[4096] __attribute__((aligned(16384)));
static u32 l2[256] __attribute__((aligned(1024)));
static u32 area[3 * 1024] __attribute__((aligned(4096)));
enum { VA = 0x80000000 };

static void write_a32(u32 *at, u32 n) {
  at[0] = 0xe3a00000 | (n & 0xff); /* mov r0, #n */
  at[1] = 0xe12fff1e;              /* bx lr */
  sync_code(at, 8);
}
static void write_t32(u16 *at, u32 n) {
  at[0] = 0x2000 | (n & 0xff); /* movs r0, #n */
  at[1] = 0x4770;              /* bx lr */
  sync_code(at, 4);
}

static void rewritten(void) {
  u32 sum = 0;
  for (u32 i = 0; i < 200; i++) {
    write_a32(area, i);
    sum = sum * 5 + call(area, 0);
  }
  say("a32 rewritten: %x\n", sum);
  sum = 0;
  for (u32 i = 0; i < 200; i++) {
    write_t32((u16 *)area, i);
    sum = sum * 5 + call((u8 *)area + 1, 0);
  }
  say("t32 rewritten: %x\n", sum);
  sum = 0;
  for (u32 i = 0; i < 100; i++) {
    if (i & 1) write_a32(area, i);
    else write_t32((u16 *)area, i);
    sum = sum * 5 + call((u8 *)area + !(i & 1), 0);
  }
  say("alternating: %x\n", sum);
  /* The same bytes as both: e3a00077 is "mov r0, #0x77", then in T32 "lsls r7, r6, #1; b ...". */
  write_a32(area, 0x77);
  u32 a = call(area, 0);
  write_t32((u16 *)area + 4, 0x66);
  u32 b = call((u8 *)area + 9, 0);
  say("both on one page: %x %x %x\n", a, b, call(area, 0));
}

/* A loop that patches an instruction ahead of itself, on its own page. */
u32 patch_ahead(u32 *scratch);
asm(".syntax unified\n.text\n.arm\n.balign 64\n.type patch_ahead, %function\npatch_ahead:\n"
    "  push {r4-r7, lr}\n"
    "  ldr r4, =0xe2866000\n" /* add r6, r6, #0 */
    "  mov r5, #0\n  mov r6, #0\n"
    "1: adr r7, 2f\n"
    "  add r1, r4, r5\n"
    "  str r1, [r7]\n"
    "  mcr p15, 0, r7, c7, c11, 1\n  dsb\n  mcr p15, 0, r7, c7, c5, 1\n  mcr p15, 0, r7, c7, c5, 6\n  dsb\n  isb\n"
    "2: add r6, r6, #99\n"
    "  add r5, r5, #1\n  cmp r5, #100\n  blo 1b\n"
    "  mov r0, r6\n  pop {r4-r7, pc}\n  .ltorg\n"
#ifdef __thumb__
    ".thumb\n"
#endif
);

/* The same in T32, with a 16-bit instruction. */
u32 patch_ahead_t32(u32 *scratch);
asm(".syntax unified\n.text\n.thumb\n.balign 64\n.thumb_func\n.type patch_ahead_t32, %function\npatch_ahead_t32:\n"
    "  push {r4-r7, lr}\n"
    "  movw r4, #0x3600\n" /* adds r6, #0 */
    "  movs r5, #0\n  movs r6, #0\n"
    "1: adr r7, 2f\n"
    "  adds r1, r4, r5\n"
    "  strh r1, [r7]\n"
    "  mcr p15, 0, r7, c7, c11, 1\n  dsb\n  mcr p15, 0, r7, c7, c5, 1\n  mcr p15, 0, r7, c7, c5, 6\n  dsb\n  isb\n"
    "  .balign 4\n2: adds r6, #99\n"
    "  adds r5, #1\n  cmp r5, #100\n  blo 1b\n"
    "  mov r0, r6\n  pop {r4-r7, pc}\n"
#ifndef __thumb__
    ".arm\n"
#endif
);

static void map_page(u32 page, u32 pa) {
  l2[page] = pa | 2 | 0x3c;
  dsb();
  MCR(0, 8, 7, 1, VA | page << 12);
  MCR(0, 7, 5, 6, 0);
  dsb();
  isb();
}

static void mapped(void) {
  memset(l1, 0, sizeof l1);
  for (u32 i = 0; i < 64; i++) l1[0x400 + i] = (0x40000000 + (i << 20)) | 0x1c0e;
  for (u32 i = 0x80; i < 0x91; i++) l1[i] = i << 20 | 0xc16;
  l1[VA >> 20] = (u32)l2 | 1;
  MCR(0, 2, 0, 2, 0);
  MCR(0, 2, 0, 0, (u32)l1);
  MCR(0, 3, 0, 0, 1);
  tlbiall();
  set_sctlr(sctlr() | SCTLR_M | SCTLR_C | SCTLR_I);
  u32 *first = area, *second = area + 1024;
  write_a32(first, 0x11);
  write_a32(second, 0x22);
  map_page(0, (u32)first);
  u32 a = call((void *)VA, 0);
  map_page(0, (u32)second);
  u32 b = call((void *)VA, 0);
  map_page(0, (u32)first);
  say("remapped: %x %x %x\n", a, b, call((void *)VA, 0));
  /* Written through another address than it is run at. */
  map_page(1, (u32)first);
  write_a32((u32 *)(VA + 0x1000), 0x33);
  MCR(0, 7, 5, 0, 0); /* ICIALLU */
  isb();
  a = call((void *)VA, 0);
  write_a32(first, 0x44);
  MCR(0, 7, 5, 0, 0);
  isb();
  b = call((void *)VA, 0);
  say("aliased: %x %x %x\n", a, b, call((void *)(VA + 0x1000), 0));
  /* An instruction across two pages, whose second half changes, by content and by mapping. */
  u16 *end = (u16 *)(first + 1024) - 1;
  map_page(1, (u32)second);
  end[0] = 0xf04f;             /* mov.w r0, #...: first half */
  ((u16 *)second)[0] = 0x0055; /* second half */
  ((u16 *)second)[1] = 0x4770;
  sync_code(end, 8);
  a = call((void *)(VA + 0xfff), 0);
  ((u16 *)second)[0] = 0x0056;
  sync_code(second, 4);
  b = call((void *)(VA + 0xfff), 0);
  u16 *third = (u16 *)(area + 2048);
  third[0] = 0x0057;
  third[1] = 0x4770;
  sync_code(third, 4);
  map_page(1, (u32)third);
  say("across pages: %x %x %x\n", a, b, call((void *)(VA + 0xfff), 0));
  /* The second half is gone: the abort names it. */
  l2[1] = 0;
  tlbiall();
  clear_trap();
  a = call((void *)(VA + 0xfff), 0);
  say("second half missing: %x %s fsr=%x far=%x lr=+%x\n", a, kind_name(trap.kind), trap.fsr, trap.far, trap.lr - VA);
  /* A function copied from page to page, thrice. */
  u32 sum = 0;
  for (u32 i = 0; i < 30; i++) {
    u32 *page = area + 1024 * (i % 3);
    write_a32(page + 16, i + 1);
    map_page(0, (u32)page);
    sum = sum * 7 + call((void *)(VA + 64), 0);
  }
  say("moving: %x\n", sum);
}

/* Data beside code: stores to the page of running code. */
static void data_beside_code(void) {
  u32 sum = 0;
  write_a32(area, 0x12);
  for (u32 i = 0; i < 300; i++) {
    area[8 + (i & 7)] = i;
    sum += call(area, 0) + area[8 + (i & 7)];
  }
  say("data beside code: %x\n", sum);
}

int main(void) {
  rewritten();
  say("patching ahead: %x %x\n", patch_ahead(area), patch_ahead_t32(area));
  data_beside_code();
  mapped();
  rewritten();
  say("patching ahead: %x %x\n", patch_ahead(area), patch_ahead_t32(area));
  data_beside_code();
  return 0;
}
