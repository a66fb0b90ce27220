/* The generic timer: both timers, CVAL and TVAL, masks, status, interrupts through the GIC. No time
   is printed, only what does not depend on the host's speed. */
#include "guest.h"

static u64 cntpct(void) {
  isb();
  return MRRC(0, 14);
}
static u64 cntvct(void) {
  isb();
  return MRRC(1, 14);
}

/* One timer or the other. */
static u32 virtual_one;
static u32 ctl(void) {
  isb();
  return virtual_one ? MRC(0, 14, 3, 1) : MRC(0, 14, 2, 1);
}
static void set_ctl(u32 v) {
  if (virtual_one) MCR(0, 14, 3, 1, v);
  else MCR(0, 14, 2, 1, v);
  isb();
}
static u32 tval(void) {
  isb();
  return virtual_one ? MRC(0, 14, 3, 0) : MRC(0, 14, 2, 0);
}
static void set_tval(u32 v) {
  if (virtual_one) MCR(0, 14, 3, 0, v);
  else MCR(0, 14, 2, 0, v);
  isb();
}
static u64 cval(void) {
  isb();
  return virtual_one ? MRRC(3, 14) : MRRC(2, 14);
}
static void set_cval(u64 v) {
  if (virtual_one) MCRR(3, 14, v);
  else MCRR(2, 14, v);
  isb();
}
static u64 count(void) { return virtual_one ? cntvct() : cntpct(); }
static u32 ppi(void) { return virtual_one ? 27 : 30; }

static volatile u32 taken, last, mask_it;
static void on_irq(void) {
  u32 id = ld32(GICC + 0xc);
  last = id;
  if (mask_it) set_ctl(3);
  else set_ctl(0);
  taken++;
  st32(GICC + 0x10, id);
}

static u32 pending(void) { return (ld32(GICD + 0x200) >> ppi()) & 1; }
static void wait_for(u64 ticks) {
  u64 start = count();
  while (count() - start < ticks) {}
}

static void counters(void) {
  u64 a = cntpct(), b = cntvct(), c = cntpct(), d = cntvct();
  say("counters go up: %u %u\n", c > a, d > b);
  say("virtual is between: %u\n", b >= a && b <= c);
  u64 last = cntvct();
  u32 backwards = 0;
  for (u32 i = 0; i < 2000; i++) {
    u64 now = cntvct();
    backwards += now < last;
    last = now;
  }
  say("backwards: %u\n", backwards);
}

static void registers(void) {
  say("ctl at reset %x\n", ctl());
  set_ctl(0xffffffff);
  say("ctl of ones %x\n", ctl() & ~4u);
  set_ctl(0);
  set_cval(0x123456789abcdef0ull);
  say("cval %X\n", cval());
  set_cval(0xffffffffffffffffull);
  say("cval %X\n", cval());
  /* TVAL is the low half of CVAL - count, and sets CVAL by its sign-extended value. */
  set_tval(1000000);
  u32 v = tval();
  say("tval counts down: %u\n", (int)v <= 1000000 && (int)v > 1000000 - 625000000);
  u64 now = count();
  set_tval(0x7fffffff);
  u64 at = cval();
  say("tval of 2^31-1: %u\n", at >= now + 0x7fffffff && at < now + 0x7fffffff + 625000000ull);
  now = count();
  set_tval(0x80000000);
  at = cval();
  say("tval of -2^31: %d\n", (long long)(at - now) < 0 || now < 0x80000000);
  set_tval(0xffffffff);
  v = tval();
  say("tval negative: %u\n", v >= 0x80000000);
}

/* ISTATUS and the interrupt line by enable, mask and condition. */
static void status(void) {
  static const char *const names[] = {"past", "future"};
  for (u32 future = 0; future < 2; future++) {
    set_cval(future ? 1ull << 60 : 0);
    for (u32 c = 0; c < 4; c++) {
      set_ctl(c);
      u32 status = ctl();
      say("%s, ctl %u: %x pending %u\n", names[future], c, status & (c & 1 ? 7 : 3), pending());
    }
  }
  set_ctl(0);
}

static void interrupts(void) {
  irq_handler = on_irq;
  for (u32 how = 0; how < 4; how++) {
    clear_trap();
    taken = last = 0;
    mask_it = how & 1;
    cpsie(i);
    u64 start = count();
    if (how < 2) set_tval(50000);
    else set_cval(count() + 50000);
    set_ctl(1);
    while (!taken && count() - start < 625000000ull) {}
    u64 waited = count() - start;
    cpsid(i);
    say("irq %u: taken %u id %u early %u ctl %x\n", how, taken, last, waited < 50000, mask_it ? ctl() : ctl() & 3);
    set_ctl(0);
  }
  /* Pending while masked in the CPU; gone when the condition is. */
  set_tval(0);
  set_ctl(1);
  wait_for(1000);
  say("level: pending %u isr %x", pending(), MRC(0, 12, 1, 0));
  set_cval(1ull << 60);
  say(" then %u %x", pending(), MRC(0, 12, 1, 0));
  set_tval(0);
  wait_for(1000);
  set_ctl(3);
  say(" then %u %x\n", pending(), MRC(0, 12, 1, 0));
  set_ctl(0);
  /* A periodic tick by TVAL. */
  taken = 0;
  clear_trap();
  cpsie(i);
  u32 ticks = 0;
  for (u32 i = 0; i < 5; i++) {
    u32 before = taken;
    set_tval(20000);
    set_ctl(1);
    u64 start = count();
    while (taken == before && count() - start < 625000000ull) {}
    ticks += taken - before;
  }
  cpsid(i);
  say("ticks %u, interrupts %u, spurious none %u\n", ticks, taken, last == ppi());
}

static u32 user_cntvct(u32 v) {
  u64 t = MRRC(1, 14);
  return t != 0;
}
static u32 user_cntpct(u32 v) {
  u64 t = MRRC(0, 14);
  return t != 0;
}
static u32 user_cntv_ctl(u32 v) {
  asm volatile("mrc p15, 0, %0, c14, c3, 1" : "+r"(v));
  return v;
}
static u32 user_cntp_ctl(u32 v) {
  asm volatile("mrc p15, 0, %0, c14, c2, 1" : "+r"(v));
  return v;
}
static u32 user_cntfrq(u32 v) {
  asm volatile("mrc p15, 0, %0, c14, c0, 0" : "+r"(v));
  return v;
}
static void user(void) {
  static const u32 values[] = {0, 1, 2, 3, 0x100, 0x200, 0x303};
  for (u32 i = 0; i < ARRAY_SIZE(values); i++) {
    MCR(0, 14, 1, 0, values[i]);
    isb();
    say("cntkctl %h:", values[i]);
#define TRY(name) \
  clear_trap(); \
  call_user(user_##name, 0); \
  say(" " #name "=%s", kind_name(trap.kind));
    TRY(cntvct) TRY(cntpct) TRY(cntv_ctl) TRY(cntp_ctl) TRY(cntfrq)
    say("\n");
  }
  MCR(0, 14, 1, 0, 0);
}

int main(void) {
  say("cntfrq %u\n", MRC(0, 14, 0, 0));
  counters();
  st32(GICD, 1);
  st32(GICD + 0x100, 1 << 27 | 1 << 30);
  st32(GICC + 4, 0xff);
  st32(GICC, 1);
  for (virtual_one = 0; virtual_one < 2; virtual_one++) {
    say("%s timer\n", virtual_one ? "virtual" : "physical");
    registers();
    status();
    interrupts();
  }
  user();
  return 0;
}
