/* GICv2's two groups: which of IRQ and FIQ each becomes, acknowledging either, both binary points;
   and the FIQ exception. */
#include "guest.h"

static u32 d(u32 offset) { return ld32(GICD + offset); }
static void set_d(u32 offset, u32 v) { st32(GICD + offset, v); }
static u32 c(u32 offset) { return ld32(GICC + offset); }
static void set_c(u32 offset, u32 v) { st32(GICC + offset, v); }
enum { CTLR = 0, PMR = 4, BPR = 8, IAR = 0xc, EOIR = 0x10, RPR = 0x14, HPPIR = 0x18, ABPR = 0x1c, AIAR = 0x20, AEOIR = 0x24,
       AHPPIR = 0x28 };
enum { IGROUPR = 0x80, ISENABLER = 0x100, ICENABLER = 0x180, ISPENDR = 0x200, ICPENDR = 0x280, ICACTIVER = 0x380,
       IPRIORITYR = 0x400, SGIR = 0xf00, CPENDSGIR = 0xf10 };
enum { GRP0 = 1, GRP1 = 2, ACKCTL = 4, FIQEN = 8, CBPR = 16 };

/* Group 0: 50, 52. Group 1: 51, 53. */
static void reset(void) {
  set_d(CTLR, 0);
  for (u32 n = 0; n < 9; n++) {
    set_d(ICENABLER + 4 * n, n ? 0xffffffff : 0xffff0000);
    set_d(ICPENDR + 4 * n, 0xffffffff);
    set_d(ICACTIVER + 4 * n, 0xffffffff);
    set_d(IGROUPR + 4 * n, 0);
  }
  for (u32 n = 0; n < 4; n++) set_d(CPENDSGIR + 4 * n, 0xffffffff);
  for (u32 id = 0; id < 288; id += 4) set_d(IPRIORITYR + id, 0x40404040);
  set_d(IGROUPR + 4, 1 << 19 | 1 << 21);
  set_d(ISENABLER + 4, 0xf << 18);
  set_c(PMR, 0xff);
  set_c(BPR, 0);
  set_c(ABPR, 1);
  set_c(CTLR, GRP0 | GRP1);
  set_d(CTLR, GRP0 | GRP1);
}
static void pend(u32 id) { set_d(ISPENDR + 4, 1u << (id & 31)); }
static void unpend(void) { set_d(ICPENDR + 4, 0xffffffff); }
/* "i" when IRQ is signalled, "f" for FIQ. */
static const char *lines(void) {
  static const char *const names[] = {"-", "f", "i", "if"};
  isb();
  return names[(MRC(0, 12, 1, 0) >> 6) & 3];
}

static void registers(void) {
  set_d(IGROUPR + 4, 0xf0f0f0f0);
  say("igroupr %x %x\n", d(IGROUPR + 4), (set_d(IGROUPR + 4, 0), d(IGROUPR + 4)));
  set_d(CTLR, 0xffffffff);
  say("gicd_ctlr of ones %x\n", d(CTLR));
  set_c(CTLR, 0x1f);
  say("gicc_ctlr %x\n", c(CTLR));
  for (u32 n = 0; n < 8; n++) {
    set_c(BPR, n);
    set_c(ABPR, n);
    say("bpr %u abpr %u\n", c(BPR), c(ABPR));
  }
}

static void signalling(void) {
  static const u32 controls[] = {0, GRP0, GRP1, GRP0 | GRP1, GRP0 | FIQEN, GRP1 | FIQEN, GRP0 | GRP1 | FIQEN};
  for (u32 dist = 0; dist < 4; dist++) {
    for (u32 i = 0; i < ARRAY_SIZE(controls); i++) {
      reset();
      set_d(CTLR, dist);
      set_c(CTLR, controls[i]);
      pend(50);
      const char *group0 = lines();
      unpend();
      pend(51);
      const char *group1 = lines();
      unpend();
      say("gicd_ctlr %u gicc_ctlr %x: group 0 %s, group 1 %s\n", dist, controls[i], group0, group1);
    }
  }
}

static void acknowledging(void) {
  for (u32 ackctl = 0; ackctl < 2; ackctl++) {
    for (u32 id = 50; id < 52; id++) {
      reset();
      set_c(CTLR, GRP0 | GRP1 | FIQEN | (ackctl ? ACKCTL : 0));
      pend(id);
      say("ackctl %u, group %u: hppir %u", ackctl, id - 50, c(HPPIR));
      u32 got = c(IAR);
      say(" iar %u rpr %b %s", got, c(RPR), lines());
      if (got == id) set_c(EOIR, got);
      say(" after eoi rpr %b %s\n", c(RPR), lines());
    }
  }
  /* The aliased registers are for group 1, whatever AckCtl says. */
  for (u32 id = 50; id < 52; id++) {
    reset();
    pend(id);
    u32 pending = c(AHPPIR), got = c(AIAR);
    say("alias, group %u: ahppir %u aiar %u rpr %b", id - 50, pending, got, c(RPR));
    if (got == id) set_c(AEOIR, got);
    say(" after eoi rpr %b %s\n", c(RPR), lines());
  }
}

/* The more urgent one counts, whatever its group. */
static void order(void) {
  reset();
  set_c(CTLR, GRP0 | GRP1 | FIQEN | ACKCTL);
  st8(GICD + IPRIORITYR + 50, 0x80);
  st8(GICD + IPRIORITYR + 51, 0x40);
  pend(50);
  pend(51);
  say("group 1 more urgent: %s", lines());
  u32 id = c(IAR);
  say(" %u, then %s", id, lines());
  set_c(EOIR, id);
  say(", then %s", lines());
  id = c(IAR);
  say(" %u", id);
  set_c(EOIR, id);
  say(", then %s\n", lines());
}

/* Group 1 has its own binary point unless CBPR joins them. */
static void binary_points(void) {
  static const u8 pairs[][2] = {{0x80, 0x7f}, {0x83, 0x82}, {0x8f, 0x80}, {0x90, 0x80}, {0xc0, 0x80}};
  for (u32 cbpr = 0; cbpr < 2; cbpr++) {
    for (u32 n = 1; n < 8; n += 2) {
      say("cbpr %u bpr 4 abpr %u:", cbpr, n);
      for (u32 i = 0; i < ARRAY_SIZE(pairs); i++) {
        reset();
        set_c(CTLR, GRP0 | GRP1 | FIQEN | ACKCTL | (cbpr ? CBPR : 0));
        set_c(BPR, 4);
        set_c(ABPR, n);
        st8(GICD + IPRIORITYR + 51, pairs[i][0]);
        st8(GICD + IPRIORITYR + 53, pairs[i][1]);
        pend(51);
        u32 first = c(IAR);
        pend(53);
        say(" %b<%b=%s(%b)", pairs[i][1], pairs[i][0], lines(), c(RPR));
        if (first != 51) say("!");
        set_c(EOIR, 51);
      }
      say("\n");
    }
  }
}

static volatile u32 taken, got;
static void acknowledge(void) {
  got = c(IAR);
  set_c(EOIR, got);
  taken++;
}
static void set_masks(u32 masks) {
  asm volatile("msr cpsr_cx, %0\n isb" ::"r"(SYS_MODE | masks) : "memory");
}
static void exceptions(void) {
  irq_handler = fiq_handler = acknowledge;
  static const u32 masks[] = {PSR_A | PSR_I, PSR_A | PSR_F, PSR_A, 0};
  for (u32 i = 0; i < ARRAY_SIZE(masks); i++) {
    for (u32 id = 50; id < 52; id++) {
      reset();
      set_c(CTLR, GRP0 | GRP1 | FIQEN | ACKCTL);
      clear_trap();
      taken = got = 0;
      pend(id);
      isb();
      set_masks(masks[i]);
      for (u32 n = 0; n < 1000 && !taken; n++) asm volatile("nop");
      set_masks(PSR_A | PSR_I | PSR_F);
      say("masks %h, group %u: %s x%u id %u spsr %h cpsr %h aligned %u\n", masks[i], id - 50, kind_name(trap.kind), trap.count,
          got, trap.spsr & 0x3ff & ~PSR_T, trap.cpsr & 0x3ff, (trap.lr & (IN_T32 ? 1 : 3)) == 0);
    }
  }
  /* Both at once: FIQ first, and it masks both; then IRQ. */
  reset();
  set_c(CTLR, GRP0 | GRP1 | FIQEN | ACKCTL);
  st8(GICD + IPRIORITYR + 50, 0x20);
  pend(50);
  pend(51);
  clear_trap();
  taken = 0;
  set_masks(0);
  for (u32 n = 0; n < 10000 && taken < 2; n++) asm volatile("nop");
  set_masks(PSR_A | PSR_I | PSR_F);
  say("both: taken %u, last %s %u\n", taken, kind_name(trap.kind), got);
}

/* FIQ wakes WFI as IRQ does. */
static void wake(void) {
  reset();
  set_c(CTLR, GRP0 | GRP1 | FIQEN);
  pend(50);
  asm volatile("wfi");
  say("wfi with a fiq pending: awake, iar %u\n", got = c(IAR));
  set_c(EOIR, got);
}

int main(void) {
  registers();
  signalling();
  acknowledging();
  order();
  binary_points();
  exceptions();
  wake();
  return 0;
}
