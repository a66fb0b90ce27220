/* GICv2: registers, priorities, masking, preemption by binary point, both EOI modes, SGIs, edge and
   level inputs. Mostly without taking the interrupt: ISR shows what is signalled. */
#include "guest.h"

static u32 d(u32 offset) { return ld32(GICD + offset); }
static void set_d(u32 offset, u32 v) { st32(GICD + offset, v); }
static u32 c(u32 offset) { return ld32(GICC + offset); }
static void set_c(u32 offset, u32 v) { st32(GICC + offset, v); }
enum { CTLR = 0, PMR = 4, BPR = 8, IAR = 0xc, EOIR = 0x10, RPR = 0x14, HPPIR = 0x18, DIR = 0x1000 };
enum { ISENABLER = 0x100, ICENABLER = 0x180, ISPENDR = 0x200, ICPENDR = 0x280, ISACTIVER = 0x300, ICACTIVER = 0x380,
       IPRIORITYR = 0x400, ITARGETSR = 0x800, ICFGR = 0xc00, SGIR = 0xf00, CPENDSGIR = 0xf10, SPENDSGIR = 0xf20 };
enum { EOIMODE = 1 << 9 };

static void set_bit(u32 base, u32 id) { set_d(base + id / 32 * 4, 1u << (id & 31)); }
static u32 get_bit(u32 base, u32 id) { return (d(base + id / 32 * 4) >> (id & 31)) & 1; }
static void set_priority(u32 id, u32 priority) { st8(GICD + IPRIORITYR + id, priority); }
static u32 signalled(void) {
  isb();
  return (MRC(0, 12, 1, 0) >> 7) & 1;
}

static void reset(void) {
  set_d(CTLR, 0);
  for (u32 n = 0; n < 9; n++) {
    set_d(ICENABLER + 4 * n, n ? 0xffffffff : 0xffff0000);
    set_d(ICPENDR + 4 * n, 0xffffffff);
    set_d(ICACTIVER + 4 * n, 0xffffffff);
  }
  for (u32 n = 0; n < 4; n++) set_d(CPENDSGIR + 4 * n, 0xffffffff);
  for (u32 id = 0; id < 288; id += 4) set_d(IPRIORITYR + id, 0);
  for (u32 id = 32; id < 288; id += 4) set_d(ITARGETSR + id, 0x01010101);
  set_c(CTLR, 1);
  set_c(PMR, 0xff);
  set_c(BPR, 0);
  set_d(CTLR, 1);
}

static void registers(void) {
  say("at reset: ctlr %x %x pmr %x bpr %x rpr %x hppir %x iar %x\n", d(CTLR), c(CTLR), c(PMR), c(BPR), c(RPR), c(HPPIR),
      c(IAR));
  say("typer %x pidr2 %x\n", d(4), d(0xfe8));
  say("enabled %x %x, icfgr %x %x %x\n", d(ISENABLER), d(ISENABLER + 4), d(ICFGR), d(ICFGR + 4), d(ICFGR + 8));
  reset();
  set_d(ISENABLER, 0);
  say("sgis cannot be disabled: %x\n", (set_d(ICENABLER, 0xffff), d(ISENABLER) & 0xffff));
  set_d(ISENABLER + 4, 0xf0f0f0f0);
  set_d(ICENABLER + 4, 0x00f000f0);
  say("enable %x %x\n", d(ISENABLER + 4), d(ICENABLER + 4));
  set_d(ICENABLER + 4, 0xffffffff);
  set_d(ISPENDR + 4, 0x00ff00);
  set_d(ICPENDR + 4, 0x000f00);
  say("pending %x %x\n", d(ISPENDR + 4), d(ICPENDR + 4));
  set_d(ICPENDR + 4, 0xffffffff);
  set_d(ISACTIVER + 8, 0xff);
  set_d(ICACTIVER + 8, 0x3c);
  say("active %x %x\n", d(ISACTIVER + 8), d(ICACTIVER + 8));
  set_d(ICACTIVER + 8, 0xffffffff);
  set_d(IPRIORITYR + 40, 0x12345678);
  st8(GICD + IPRIORITYR + 41, 0xff);
  say("priority %x, bytes %b %b\n", d(IPRIORITYR + 40), ld8(GICD + IPRIORITYR + 40), ld8(GICD + IPRIORITYR + 41));
  set_d(ICFGR + 8, 0xffffffff);
  say("icfgr of ones %x\n", d(ICFGR + 8));
  set_d(ICFGR + 8, 0);
  say("icfgr of zeros %x, sgis %x\n", d(ICFGR + 8), d(ICFGR));
  set_c(PMR, 0x1f7);
  say("pmr %x\n", c(PMR));
  for (u32 n = 0; n < 8; n++) {
    set_c(BPR, n);
    say("bpr %u: %x\n", n, c(BPR));
  }
}

static u32 acknowledge(void) { return c(IAR); }
static void finish(u32 id) { set_c(EOIR, id); }

static void priorities(void) {
  static const u8 ids[] = {40, 41, 70, 100, 35, 250};
  static const u8 levels[] = {0x80, 0x40, 0xa0, 0x40, 0xf0, 0x20};
  reset();
  for (u32 i = 0; i < ARRAY_SIZE(ids); i++) {
    set_priority(ids[i], levels[i]);
    set_bit(ISENABLER, ids[i]);
    set_bit(ISPENDR, ids[i]);
  }
  say("in order:");
  while (signalled()) {
    u32 next = c(HPPIR), id = acknowledge();
    say(" %u%s p%b", id, next == id ? "" : "!", c(RPR));
    finish(id);
  }
  say(" end, iar %u rpr %b\n", acknowledge(), c(RPR));
  /* The mask: only what is strictly more urgent. */
  for (u32 i = 0; i < ARRAY_SIZE(ids); i++) set_bit(ISPENDR, ids[i]);
  static const u8 masks[] = {0, 0x20, 0x21, 0x40, 0x41, 0xf0, 0xf1, 0xff};
  for (u32 i = 0; i < ARRAY_SIZE(masks); i++) {
    set_c(PMR, masks[i]);
    say("pmr %b: signalled %u hppir %u\n", masks[i], signalled(), c(HPPIR));
  }
  /* Lowest priority is never signalled. */
  reset();
  set_priority(40, 0xff);
  set_bit(ISENABLER, 40);
  set_bit(ISPENDR, 40);
  say("priority ff: signalled %u hppir %u iar %u\n", signalled(), c(HPPIR), acknowledge());
  /* Switches. */
  set_priority(40, 0x10);
  say("on: %u", signalled());
  set_d(CTLR, 0);
  say(", distributor off: %u", signalled());
  set_d(CTLR, 1);
  set_c(CTLR, 0);
  say(", interface off: %u", signalled());
  set_c(CTLR, 1);
  set_bit(ICENABLER, 40);
  say(", disabled: %u pending %u", signalled(), get_bit(ISPENDR, 40));
  set_bit(ISENABLER, 40);
  say(", enabled: %u", signalled());
  set_bit(ICPENDR, 40);
  say(", pending cleared: %u\n", signalled());
}

/* What preempts what, by binary point: an active interrupt of one priority and a pending of another. */
static void preemption(void) {
  static const u8 pairs[][2] = {{0x80, 0x7f}, {0x80, 0x80}, {0x83, 0x82}, {0x8f, 0x80}, {0x90, 0x80}, {0xff - 1, 0}, {0x40, 0x3f}};
  for (u32 bpr = 0; bpr < 8; bpr++) {
    say("bpr %u:", bpr);
    for (u32 i = 0; i < ARRAY_SIZE(pairs); i++) {
      reset();
      set_c(BPR, bpr);
      set_priority(50, pairs[i][0]);
      set_priority(60, pairs[i][1]);
      set_bit(ISENABLER, 50);
      set_bit(ISENABLER, 60);
      set_bit(ISPENDR, 50);
      u32 id = acknowledge();
      set_bit(ISPENDR, 60);
      u32 s = signalled(), second = acknowledge();
      say(" %b<%b=%u", pairs[i][1], pairs[i][0], s);
      if (id != 50) say("!");
      if (s != (second == 60)) say("!%u", second);
      say("(%b)", c(RPR));
      if (second == 60) finish(60);
      finish(50);
    }
    say("\n");
  }
  reset();
  set_c(BPR, 0);
}

/* Three deep, through the CPU's exceptions. */
static volatile u32 depth, trace_length;
static u32 trace[32];
static void note(u32 v) {
  if (trace_length < 32) trace[trace_length++] = v;
}
static void nest(void) {
  u32 id = acknowledge();
  depth++;
  note(id | depth << 12 | c(RPR) << 16);
  if (id == 50) {
    set_bit(ISPENDR, 52); /* less urgent: waits */
    set_bit(ISPENDR, 51);
  }
  if (id == 51) set_d(SGIR, 2 << 24 | 3);
  cpsie(i);
  isb();
  for (u32 i = 0; i < 1000; i++) asm volatile("nop");
  cpsid(i);
  note(id | depth << 12 | 0x800);
  depth--;
  finish(id);
}
static void nesting(void) {
  reset();
  irq_handler = nest;
  set_priority(50, 0xa0);
  set_priority(51, 0x80);
  set_priority(52, 0xb0);
  set_priority(3, 0x20);
  for (u32 id = 50; id < 53; id++) set_bit(ISENABLER, id);
  clear_trap();
  trace_length = 0;
  cpsie(i);
  set_bit(ISPENDR, 50);
  for (u32 i = 0; i < 10000 && trace_length < 8; i++) asm volatile("nop");
  cpsid(i);
  say("nesting:");
  for (u32 i = 0; i < trace_length; i++) {
    say(" %s%u@%u", trace[i] & 0x800 ? "-" : "+", trace[i] & 0x3ff, (trace[i] >> 12) & 15);
    if (!(trace[i] & 0x800)) say("(%b)", trace[i] >> 16);
  }
  say(" traps %u\n", trap.count);
}

static void say_state(const char *what, u32 id) {
  say("%s: pending %u active %u rpr %b signalled %u\n", what, get_bit(ISPENDR, id), get_bit(ISACTIVER, id), c(RPR),
      signalled());
}
static void eoi_modes(void) {
  for (u32 mode = 0; mode < 2; mode++) {
    reset();
    set_c(CTLR, 1 | (mode ? EOIMODE : 0));
    say("eoimode %u, ctlr %x\n", mode, c(CTLR) & (EOIMODE | 1));
    set_priority(50, 0x60);
    set_bit(ISENABLER, 50);
    set_bit(ISPENDR, 50);
    say_state("pending", 50);
    u32 id = acknowledge();
    say_state("acknowledged", 50);
    set_bit(ISPENDR, 50);
    say_state("pending again", 50);
    finish(id);
    say_state("eoi", 50);
    if (mode) {
      set_c(DIR, id);
      say_state("dir", 50);
    }
    id = acknowledge();
    say("iar %u\n", id);
    finish(id);
    if (mode) set_c(DIR, id);
    say_state("all done", 50);
    say("iar %u\n", acknowledge());
  }
  /* Split EOI of two: priorities drop in order, deactivation in any order. */
  reset();
  set_c(CTLR, 1 | EOIMODE);
  set_priority(50, 0xa0);
  set_priority(51, 0x60);
  set_bit(ISENABLER, 50);
  set_bit(ISENABLER, 51);
  set_bit(ISPENDR, 50);
  u32 first = acknowledge();
  set_bit(ISPENDR, 51);
  u32 second = acknowledge();
  say("two: %u %u", first, second);
  set_c(EOIR, second);
  say(" rpr %b", c(RPR));
  set_c(EOIR, first);
  say(" %b active %u %u", c(RPR), get_bit(ISACTIVER, 50), get_bit(ISACTIVER, 51));
  set_c(DIR, first);
  say(" %u %u", get_bit(ISACTIVER, 50), get_bit(ISACTIVER, 51));
  set_c(DIR, second);
  say(" %u %u\n", get_bit(ISACTIVER, 50), get_bit(ISACTIVER, 51));
  set_c(CTLR, 1);
  /* Active by software: not signalled until it is cleared. */
  reset();
  set_bit(ISENABLER, 50);
  set_priority(50, 0x60);
  set_bit(ISACTIVER, 50);
  set_bit(ISPENDR, 50);
  say_state("active by software", 50);
  set_bit(ICACTIVER, 50);
  say_state("inactive by software", 50);
  finish(acknowledge());
}

static void sgis(void) {
  reset();
  for (u32 id = 0; id < 16; id++) set_priority(id, 0x10 * (15 - id));
  set_d(SGIR, 1 << 16 | 4);  /* target list: this CPU */
  set_d(SGIR, 2 << 24 | 9);  /* self */
  set_d(SGIR, 1 << 24 | 12); /* all others: none */
  set_d(SGIR, 2 << 16 | 11); /* target list: a CPU that is not there */
  say("sgis: pending %x spendsgir %x %x %x\n", d(ISPENDR), d(SPENDSGIR + 4), d(SPENDSGIR + 8), d(SPENDSGIR));
  u32 id;
  while ((id = acknowledge()) != 1023) {
    say(" iar %x active %x", id, d(ISACTIVER));
    finish(id);
  }
  say("\n");
  st8(GICD + SPENDSGIR + 7, 1);
  say("spendsgir: pending %x signalled %u", d(ISPENDR), signalled());
  st8(GICD + CPENDSGIR + 7, 1);
  say(", cpendsgir: pending %x signalled %u\n", d(ISPENDR), signalled());
  /* An SGI that comes again while it is active. */
  set_d(SGIR, 2 << 24 | 5);
  id = acknowledge();
  set_d(SGIR, 2 << 24 | 5);
  say("again: signalled %u", signalled());
  finish(id);
  say(", after eoi %u, iar %u", signalled(), id = acknowledge());
  finish(id);
  say(", then %u\n", acknowledge());
}

/* The UART's interrupt is a wire: RXIM is quiet, the test interrupt of TX is made by writing. */
enum { IMSC = 0x38, RIS = 0x3c, MIS = 0x40, ICR = 0x44, TXIM = 1 << 5, UART_ID = 33 };
static void levels(void) {
  reset();
  set_priority(UART_ID, 0x50);
  set_bit(ISENABLER, UART_ID);
  u32 before, raised, acked, after_eoi, lowered;
  say("level input\n");
  before = signalled();
  st32(UART + IMSC, TXIM);
  raised = signalled();
  u32 id = acknowledge();
  acked = get_bit(ISPENDR, UART_ID) | get_bit(ISACTIVER, UART_ID) << 1 | signalled() << 2;
  finish(id);
  after_eoi = signalled();
  st32(UART + IMSC, 0);
  lowered = signalled() | get_bit(ISPENDR, UART_ID) << 1;
  say("before %u raised %u id %u acked %x eoi %u lowered %u\n", before, raised, id, acked, after_eoi, lowered);
  /* Clearing does nothing to a level that is high; setting stays when it is low. */
  st32(UART + IMSC, TXIM);
  set_bit(ICPENDR, UART_ID);
  u32 cleared = get_bit(ISPENDR, UART_ID);
  st32(UART + IMSC, 0);
  u32 gone = get_bit(ISPENDR, UART_ID);
  set_bit(ISPENDR, UART_ID);
  u32 set = get_bit(ISPENDR, UART_ID);
  id = acknowledge();
  u32 taken = get_bit(ISPENDR, UART_ID);
  finish(id);
  say("icpendr %u, lowered %u, ispendr %u, id %u, then %u %u\n", cleared, gone, set, id, taken, signalled());
  /* As an edge, it is latched once. */
  set_d(ICFGR + UART_ID / 16 * 4, 2u << 2 * (UART_ID & 15));
  say("icfgr %x\n", d(ICFGR + UART_ID / 16 * 4) & (2u << 2 * (UART_ID & 15)));
  st32(UART + IMSC, TXIM);
  raised = signalled();
  st32(UART + IMSC, 0);
  lowered = signalled();
  id = acknowledge();
  acked = signalled();
  finish(id);
  say("edge: raised %u lowered %u id %u acked %u eoi %u\n", raised, lowered, id, acked, signalled());
  st32(UART + IMSC, TXIM);
  id = acknowledge();
  finish(id);
  u32 held = signalled();
  st32(UART + IMSC, 0);
  st32(UART + IMSC, TXIM);
  u32 second = signalled();
  set_bit(ICPENDR, UART_ID);
  cleared = signalled();
  st32(UART + IMSC, 0);
  say("edge: id %u held %u again %u icpendr %u\n", id, held, second, cleared);
  set_d(ICFGR + UART_ID / 16 * 4, 0);
}

static void odd(void) {
  reset();
  say("spurious %u", acknowledge());
  set_c(EOIR, 1023);
  say(" rpr %b", c(RPR));
  set_bit(ISPENDR, 287);
  set_bit(ISENABLER, 287);
  say(" last %u", acknowledge());
  finish(287);
  set_d(ISPENDR + 36, 0xffffffff);
  set_d(ISENABLER + 36, 0xffffffff);
  say(" beyond %x %x signalled %u\n", d(ISPENDR + 36), d(ISENABLER + 36), signalled());
}

int main(void) {
  say("serial line ready\n");
  registers();
  priorities();
  preemption();
  nesting();
  eoi_modes();
  sgis();
  levels();
  odd();
  return 0;
}
