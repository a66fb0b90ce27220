/* Alignment, endianness and exclusives on Normal memory. */
#include "guest.h"

static u32 l1[4096] __attribute__((aligned(16384)));
enum { BUF = TEST_RAM };

static void fill(void) {
  for (u32 i = 0; i < 64; i++) st8(BUF + i, i * 0x11 + 1);
}
static u32 sum(void) {
  u32 s = 0;
  for (u32 i = 0; i < 64; i++) s = s * 31 + ld8(BUF + i);
  return s;
}
static void result(const char *what) {
  if (trap.count) say(" %s=%s%x@%x", what, kind_name(trap.kind), trap.fsr, trap.far & 0xff);
  clear_trap();
}

/* The first instruction of some assembly text, with "r" for its address operand. */
static const char *label(const char *text) {
  static char out[64];
  char *p = out;
  for (; *text && *text != '\n'; text++) {
    if (*text == '%') {
      *p++ = 'r';
      text++;
    } else *p++ = *text;
  }
  *p = 0;
  return out;
}

/* Every access at every offset: what it reads, what it leaves in memory, or its fault. */
#define LOAD(text) \
  for (u32 o = 0; o < 8; o++) { \
    u32 r0 = 0xb, r1 = 0xc; \
    fill(); \
    asm volatile("mov r2, %0\n mov r3, %1\n " text "\n mov %0, r2\n mov %1, r3" \
                 : "+r"(r0), "+r"(r1) : "r"(BUF + 16 + o) : "r2", "r3", "r4", "memory"); \
    say("%s +%u: %x %x", label(text), o, r0, r1); \
    result(""); \
    say("\n"); \
  }
#define STORE(text) \
  for (u32 o = 0; o < 8; o++) { \
    fill(); \
    asm volatile("movw r2, #0x1234\n movt r2, #0x5678\n movw r3, #0x9abc\n movt r3, #0xdef0\n " text \
                 : : "r"(BUF + 16 + o), "r"(BUF + 16 + o), "r"(BUF + 16 + o) : "r2", "r3", "r4", "memory"); \
    u32 faulted = trap.count; \
    say("%s +%u:", label(text), o); \
    result(""); \
    if (!faulted) say(" %x", sum()); \
    say("\n"); \
  }
static void offsets(void) {
  clear_trap();
  LOAD("ldr r2, [%2]")
  LOAD("ldrh r2, [%2]")
  LOAD("ldrsh r2, [%2]")
  LOAD("ldrsb r2, [%2]")
  LOAD("ldrd r2, r3, [%2]")
  LOAD("ldm %2, {r2, r3}")
  LOAD("ldmdb %2, {r2, r3}")
  LOAD("ldrex r2, [%2]")
  LOAD("ldrexh r2, [%2]")
  LOAD("ldrexd r2, r3, [%2]")
  LOAD("ldrt r2, [%2]")
  STORE("str r2, [%2]")
  STORE("strh r2, [%2]")
  STORE("strd r2, r3, [%2]")
  STORE("stm %2, {r2, r3}")
}

/* CPSR.E swaps data of every size; instructions stay as they are. */
static void big_endian(void) {
  say("big-endian\n");
  fill();
#define BE_LOAD(text) \
  { \
    u32 r0 = 0xb, r1 = 0xc; \
    asm volatile("mov r2, %0\n mov r3, %1\n setend be\n " text "\n setend le\n mov %0, r2\n mov %1, r3" \
                 : "+r"(r0), "+r"(r1) : "r"(BUF + 16) : "r2", "r3", "r4", "memory"); \
    say("%s: %x %x\n", label(text), r0, r1); \
  }
  BE_LOAD("ldr r2, [%2]")
  BE_LOAD("ldr r2, [%2, #1]")
  BE_LOAD("ldrh r2, [%2]")
  BE_LOAD("ldrh r2, [%2, #1]")
  BE_LOAD("ldrsh r2, [%2, #14]")
  BE_LOAD("ldrb r2, [%2]")
  BE_LOAD("ldrd r2, r3, [%2]")
  BE_LOAD("ldm %2, {r2, r3}")
  BE_LOAD("ldrex r2, [%2]\n clrex")
  BE_LOAD("ldrexd r2, r3, [%2]\n clrex")
  BE_LOAD("ldrt r2, [%2]")
#define BE_STORE(text) \
  { \
    fill(); \
    asm volatile("movw r2, #0x1234\n movt r2, #0x5678\n movw r3, #0x9abc\n movt r3, #0xdef0\n setend be\n " text \
                 "\n setend le" : : "r"(BUF + 16), "r"(BUF + 16), "r"(BUF + 16) : "r2", "r3", "r4", "memory"); \
    say("%s: %x %x\n", label(text), ld32(BUF + 16), ld32(BUF + 20)); \
  }
  BE_STORE("str r2, [%2]")
  BE_STORE("str r2, [%2, #1]")
  BE_STORE("strh r2, [%2]")
  BE_STORE("strb r2, [%2]")
  BE_STORE("strd r2, r3, [%2]")
  BE_STORE("stm %2, {r2, r3}")
  BE_STORE("ldrex r4, [%2]\n strex r4, r2, [%2]")
  BE_STORE("ldrexd r4, r5, [%2]\n strexd r4, r2, r3, [%2]")
  u32 pair[2];
  asm volatile("push {r4, r5}\n setend be\n ldr r4, [%1]\n push {r4}\n setend le\n pop {%0}\n pop {r4, r5}"
               : "=&r"(pair[0]) : "r"(BUF + 16) : "r4", "r5", "memory");
  say("pushed big, popped little: %x\n", pair[0]);
}

static u32 strex_after(u32 kind) {
  u32 status = 7, v;
  switch (kind) {
    case 0: asm volatile("ldrex %1, [%2]\n strex %0, %3, [%2]" : "+&r"(status), "=&r"(v) : "r"(BUF), "r"(0x1111) : "memory"); break;
    case 1: asm volatile("clrex\n strex %0, %2, [%1]" : "+&r"(status) : "r"(BUF), "r"(0x2222) : "memory"); break;
    case 2: asm volatile("ldrex %1, [%2]\n clrex\n strex %0, %3, [%2]" : "+&r"(status), "=&r"(v) : "r"(BUF), "r"(0x3333) : "memory"); break;
    case 3: /* once only */
      asm volatile("ldrex %1, [%2]\n strex %0, %3, [%2]\n strex %0, %3, [%2]" : "+&r"(status), "=&r"(v) : "r"(BUF), "r"(0x4444) : "memory");
      break;
    case 4: asm volatile("ldrexb %1, [%2]\n strexb %0, %3, [%2]" : "+&r"(status), "=&r"(v) : "r"(BUF + 1), "r"(0x55) : "memory"); break;
    case 5: asm volatile("ldrexh %1, [%2]\n strexh %0, %3, [%2]" : "+&r"(status), "=&r"(v) : "r"(BUF + 2), "r"(0x6666) : "memory"); break;
    case 6:
      asm volatile("ldrexd r2, r3, [%1]\n mov r4, #0x77\n mov r5, #0x88\n strexd %0, r4, r5, [%1]"
                   : "+&r"(status) : "r"(BUF + 8) : "r2", "r3", "r4", "r5", "memory");
      break;
    case 7: /* the value has changed in between and changed back: whatever, but no harm */
      asm volatile("ldrex %1, [%2]\n add %1, %1, #1\n strex %0, %1, [%2]" : "+&r"(status), "=&r"(v) : "r"(BUF), "r"(0) : "memory");
      break;
    case 8: asm volatile("clrex\n strexb %0, %2, [%1]" : "+&r"(status) : "r"(BUF), "r"(0x99) : "memory"); break;
    case 9: asm volatile("clrex\n strexd %0, r2, r3, [%1]" : "+&r"(status) : "r"(BUF + 8) : "r2", "r3", "memory"); break;
    case 10: /* another exclusive load takes the monitor over */
      asm volatile("ldrex %1, [%2]\n ldrex %1, [%3]\n strex %0, %4, [%3]" : "+&r"(status), "=&r"(v)
                   : "r"(BUF), "r"(BUF + 4), "r"(0xaaaa) : "memory");
      break;
  }
  return status;
}
static void exclusives(void) {
  say("exclusives\n");
  fill();
  for (u32 kind = 0; kind <= 10; kind++) {
    clear_trap();
    u32 status = strex_after(kind);
    say("%u: status=%u memory=%x %x %x %x traps=%u\n", kind, status, ld32(BUF), ld32(BUF + 4), ld32(BUF + 8), ld32(BUF + 12),
        trap.count);
  }
  /* A counter, as spin locks and atomics do it. */
  st32(BUF, 0);
  for (u32 i = 0; i < 1000; i++) {
    u32 v, s;
    do asm volatile("ldrex %0, [%2]\n add %0, %0, #3\n strex %1, %0, [%2]" : "=&r"(v), "=&r"(s) : "r"(BUF) : "memory");
    while (s);
  }
  say("counter %u\n", ld32(BUF));
  /* A failing STREX to an unmapped address, and a STREX that faults. */
  u32 status = 7;
  clear_trap();
  asm volatile("ldrex r2, [%1]\n" : "+&r"(status) : "r"(0x90000000) : "r2", "memory");
  result("ldrex unmapped");
  asm volatile("ldrex r2, [%1]\n" : "+&r"(status) : "r"(BUF + 1) : "r2", "memory");
  result("ldrex misaligned");
  say("\n");
}

int main(void) {
  for (u32 i = 0; i < 64; i++) l1[0x400 + i] = (0x40000000 + (i << 20)) | 0x1c0e;
  for (u32 i = 0x80; i < 0x91; i++) l1[i] = i << 20 | 0xc16;
  MCR(0, 2, 0, 2, 0);
  MCR(0, 2, 0, 0, (u32)l1 | 0x4a);
  MCR(0, 3, 0, 0, 1);
  tlbiall();
  set_sctlr(sctlr() | SCTLR_M | SCTLR_C);
  say("sctlr.a=0\n");
  offsets();
  set_sctlr(sctlr() | SCTLR_A);
  say("sctlr.a=1\n");
  offsets();
  set_sctlr(sctlr() & ~(u32)SCTLR_A);
  big_endian();
  exclusives();
  return 0;
}
