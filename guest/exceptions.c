/* What each exception leaves in LR, SPSR and CPSR, from A32 and T32; vector tables; IT state. */
#include "guest.h"

#define FRAGMENTS(F) \
  F(a32_svc) F(a32_udf) F(a32_bkpt) F(a32_ldr) F(a32_str) F(a32_ldm) F(a32_cp) F(a32_cdp) F(a32_ldc) \
  F(a32_svc_failed) F(a32_udf_unlisted) F(a32_unconditional_hole) F(t32_svc) F(t32_udf) F(t32_udf_w) F(t32_bkpt) \
  F(t32_ldr) F(t32_ldr_w) F(t32_str) F(t32_ldm) F(t32_cp) F(t32_cdp)
#define IT_FRAGMENTS(F) F(it_svc) F(it_udf) F(it_bkpt) F(it_ldr) F(it_ldr_w) F(it_vfp) F(it_last)
#define DECLARE(name) void name(u32); extern u8 name##_at[];
FRAGMENTS(DECLARE)
#undef DECLARE
#define DECLARE(name) u32 name(u32); extern u8 name##_at[];
IT_FRAGMENTS(DECLARE)
u32 it_failed(u32);
void a32_bare_svc(u32 *), a32_bare_udf(u32 *), t32_bare_svc(u32 *);
extern u8 a32_bare_svc_after[], a32_bare_udf_after[], t32_bare_svc_after[];

static void say_trap(const char *name, const u8 *at) {
  say("%s: ", name);
  if (trap.count == 0) {
    say("none\n");
    return;
  }
  say("%s x%u table=%u lr=insn%s%d spsr=%x cpsr=%x", kind_name(trap.kind), trap.count, trap.table,
      trap.lr >= (u32)at ? "+" : "", (int)(trap.lr - (u32)at), trap.spsr, trap.cpsr);
  if (trap.kind == DABT) say(" fsr=%x far=%x", trap.fsr, trap.far);
  if (trap.kind == PABT) say(" fsr=%x", trap.fsr);
  say("\n");
}

static void set_masks(u32 masks) {
  asm volatile("msr cpsr_cx, %0" ::"r"(SYS_MODE | masks) : "memory");
}

static void synchronous(void) {
  u32 masks[] = {PSR_A | PSR_I | PSR_F, 0, PSR_F};
  for (u32 i = 0; i < ARRAY_SIZE(masks); i++) {
    say("masks %h\n", masks[i]);
    set_masks(masks[i]);
#define RUN(name) \
  clear_trap(); \
  name(TEST_RAM + 2 + (i == 2)); \
  say_trap(#name, name##_at);
    FRAGMENTS(RUN)
#undef RUN
  }
  set_masks(PSR_A | PSR_I | PSR_F);
}

static void it_blocks(void) {
#define RUN(name) \
  { \
    clear_trap(); \
    u32 r = name(TEST_RAM + 1); \
    say("r0=%u ", r); \
    say_trap(#name, name##_at); \
  }
  IT_FRAGMENTS(RUN)
#undef RUN
  clear_trap();
  say("it_failed: r0=%u traps=%u\n", it_failed(TEST_RAM + 1), trap.count);
}

static void prefetch(void) {
  for (u32 state = 0; state < 2; state++) {
    clear_trap();
    u32 r = call((void *)(0xe0000100 + state), 0);
    say("jump to nothing in %s: r0=%x %s lr=%x spsr.T=%u fsr=%x far=%x\n", state ? "t32" : "a32", r,
        kind_name(trap.kind), trap.lr, (trap.spsr >> 5) & 1, trap.fsr, trap.far);
  }
}

/* Every source of a vector base and instruction set. */
static void vectors(void) {
  u32 normal = sctlr();
  static const char *const names[] = {"a32", "t32", "a32 other", "t32 other"};
  u32 *const tables[] = {vectors_a32, vectors_t32, vectors_a32_other, vectors_t32_other};
  for (u32 n = 0; n < 4; n++) {
    set_vbar(tables[n]);
    set_sctlr((normal & ~(u32)SCTLR_TE) | (n & 1 ? SCTLR_TE : 0));
    say("vectors %s: vbar %s\n", names[n], MRC(0, 12, 0, 0) == (u32)tables[n] ? "reads back" : "differs");
    clear_trap();
    a32_svc(0);
    say_trap("a32_svc", a32_svc_at);
    clear_trap();
    t32_udf(0);
    say_trap("t32_udf", t32_udf_at);
    clear_trap();
    t32_ldr(TEST_RAM + 2);
    say_trap("t32_ldr", t32_ldr_at);
    clear_trap();
    a32_bkpt(0);
    say_trap("a32_bkpt", a32_bkpt_at);
  }
  set_sctlr(normal);
  MCR(0, 12, 0, 0, 0xffffffff);
  say("vbar of all ones: %x\n", MRC(0, 12, 0, 0));
  set_vbar(IN_T32 ? vectors_t32 : vectors_a32);
}

/* SCTLR.EE is CPSR.E at entry. */
static void endianness(void) {
  u32 normal = sctlr(), out[3];
  set_vbar(vectors_bare);
  for (u32 ee = 0; ee < 2; ee++) {
    set_sctlr((normal & ~(u32)(SCTLR_TE | SCTLR_EE)) | (ee ? SCTLR_EE : 0));
    a32_bare_svc(out);
    say("ee=%u svc a32: cpsr=%x spsr.E=%u lr=next%d\n", ee, out[0] & 0x3ff, (out[1] >> 9) & 1,
        (int)(out[2] - (u32)a32_bare_svc_after));
    a32_bare_udf(out);
    say("ee=%u udf a32: cpsr=%x spsr.E=%u lr=next%d\n", ee, out[0] & 0x3ff, (out[1] >> 9) & 1,
        (int)(out[2] - (u32)a32_bare_udf_after));
    t32_bare_svc(out);
    say("ee=%u svc t32: cpsr=%x spsr.ET=%x lr=next%d\n", ee, out[0] & 0x3ff, out[1] & 0x220,
        (int)(out[2] - (u32)t32_bare_svc_after));
    asm volatile("setend be");
    a32_bare_svc(out); /* the handler's setend le is undone by its return; the stores are swapped */
    asm volatile("setend le");
    say("ee=%u svc a32 from be: cpsr=%x spsr.E=%u\n", ee, __builtin_bswap32(out[0]) & 0x3ff,
        (__builtin_bswap32(out[1]) >> 9) & 1);
  }
  set_sctlr(normal);
  set_vbar(IN_T32 ? vectors_t32 : vectors_a32);
}

/* SCTLR.V: the vectors are at 0xffff0000, whatever VBAR says. Needs the MMU to be there. */
static u32 l1[4096] __attribute__((aligned(16384))), l2[256] __attribute__((aligned(1024)));
static void high_vectors(void) {
  for (u32 i = 0; i < 4096; i++) l1[i] = i << 20 | 0xc02;
  l1[0xfff] = (u32)l2 | 1;
  l2[0xf0] = (u32)(IN_T32 ? vectors_t32_other : vectors_a32_other) | 0x32;
  MCR(0, 2, 0, 2, 0);
  MCR(0, 2, 0, 0, (u32)l1);
  MCR(0, 3, 0, 0, 1);
  tlbiall();
  u32 normal = sctlr();
  for (u32 v = 0; v < 2; v++) {
    set_sctlr(normal | SCTLR_M | (v ? SCTLR_V : 0));
    say("v=%u\n", v);
    clear_trap();
    a32_svc(0);
    say_trap("a32_svc", a32_svc_at);
    clear_trap();
    t32_udf(0);
    say_trap("t32_udf", t32_udf_at);
    clear_trap();
    a32_bkpt(0);
    say_trap("a32_bkpt", a32_bkpt_at);
  }
  set_sctlr(normal);
  tlbiall();
}

/* An interrupt: an SGI to this CPU. Masked, it only shows in ISR. */
static volatile u32 taken;
static void acknowledge(void) {
  st32(GICC + 0x10, ld32(GICC + 0xc));
  taken++;
}
static void interrupts(void) {
  static const u32 states[] = {PSR_F, PSR_A, 0};
  irq_handler = acknowledge;
  st32(GICD, 1);
  st32(GICC + 4, 0xf0);
  st32(GICC, 1);
  for (u32 n = 0; n < ARRAY_SIZE(states); n++) {
    clear_trap();
    taken = 0;
    st32(GICD + 0xf00, 2 << 24 | n);
    dsb();
    set_masks(PSR_I | states[n]);
    isb();
    for (u32 i = 0; i < 100 && !taken; i++) asm volatile("nop");
    say("irq: isr=%x taken=%u, ", MRC(0, 12, 1, 0), taken);
    set_masks(states[n]);
    isb();
    for (u32 i = 0; i < 100000 && !taken; i++) asm volatile("nop");
    set_masks(PSR_A | PSR_I | PSR_F);
    say("then %s x%u table=%u spsr=%x cpsr=%x aligned=%u isr=%x\n", kind_name(trap.kind), trap.count, trap.table,
        trap.spsr & 0x3ff, trap.cpsr & 0x3ff, (trap.lr & (IN_T32 ? 1 : 3)) == 0, MRC(0, 12, 1, 0));
  }
}

int main(void) {
  set_sctlr(sctlr() | SCTLR_A);
  synchronous();
  it_blocks();
  prefetch();
  vectors();
  endianness();
  high_vectors();
  interrupts();
  return 0;
}
