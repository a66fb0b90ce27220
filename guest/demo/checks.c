/* Checks of what every guest relies on. */
#include "demo.h"

u32 passed, failed;

void check(const char *name, int good) {
  say("  %30s%s\n", name, good ? "ok" : "FAILED");
  if (good) passed++;
  else failed++;
}

u32 counter(void) {
  isb();
  return (u32)MRRC(1, 14);
}
u32 frequency(void) { return MRC(0, 14, 0, 0); }

static int trapped(u32 kind) { return trap.kind == kind && trap_count == 1; }
static void clear(void) {
  trap.kind = NONE;
  trap_count = 0;
}

static void instructions(void) {
  check("A32: multiply and divide", (u64)0xfffffffbu * 0x12345679u / 0x12345679u == 0xfffffffbu);
  check("T32: an IT block", thumb_it(42) == 58 && thumb_it(142) == 42);
  store(SCRATCH, 40);
  check("exclusive access", exclusive_add(SCRATCH, 2) == 42 && load(SCRATCH) == 42);

  u32 r[8];
  int greater = vfp_check((u32)r);
  check("VFP: double precision", greater && r[0] == 0x667f3bcd && r[1] == 0x3ff6a09e && r[2] == 0x55555555 &&
                                   r[3] == 0x3fd55555 && r[4] == 0 && r[5] == 0xbc900000 && r[6] == 0x4b800000);
  u8 in[16], out[48];
  u32 sum = 0;
  int good = 1;
  for (u32 i = 0; i < 16; i++) sum += in[i] = (u8)(i * 13 + 7);
  if (neon_check((u32)in, (u32)out) != sum) good = 0;
  for (u32 i = 0; i < 16; i++) good &= out[i] == (in[i] > 127 ? 255 : in[i] * 2);
  for (u32 i = 0; i < 8; i++) good &= (out[16 + i * 2] | out[17 + i * 2] << 8) == in[i] * in[i + 8];
  for (u32 i = 0; i < 8; i++) good &= out[32 + i] == in[3];
  good &= *(u32 *)(out + 40) == 0x3f800000 && *(u32 *)(out + 44) == 0x3f800000;
  check("NEON", good);
}

static void exceptions(void) {
  clear();
  asm volatile("svc #42" ::: "memory");
  check("exception: SVC", trapped(SUPERVISOR) && (trap.spsr & 0x1f) == 0x1f);
  clear();
  asm volatile("udf #42" ::: "memory");
  check("exception: undefined", trapped(UNDEFINED));
}

static void devices(void) {
  u32 uart = 0, rtc = 0;
  for (int i = 3; i >= 0; i--) {
    uart = uart << 8 | load(UART + 0xfe0 + i * 4);
    rtc = rtc << 8 | load(RTC + 0xfe0 + i * 4);
  }
  check("devices: PL011, PL031", (uart & 0xfffff) == 0x41011 && (rtc & 0xfffff) == 0x41031 && load(RTC) > 1600000000);
}

/* Waits up to 2 s for `count` to become `wanted`. */
static int becomes(volatile u32 *count, u32 wanted) {
  u32 limit = frequency() * 2, start = counter();
  while (*count != wanted && counter() - start < limit) {}
  return *count == wanted;
}

static void interrupts(void) {
  u32 before = taken[5];
  gic_enable(5);
  gic_send(5);
  int masked = taken[5] == before;
  irq_on();
  check("interrupt: to itself", becomes(&taken[5], before + 1) && masked);

  u32 start = counter(), ticks = frequency() / 100;
  before = taken[27];
  gic_enable(27);
  MCR(0, 14, 3, 0, ticks); /* CNTV_TVAL: 10 ms */
  MCR(0, 14, 3, 1, 1);     /* CNTV_CTL */
  isb();
  check("timer: 10 ms", becomes(&taken[27], before + 1) && timer_at - start >= ticks);

  before = taken[27];
  start = counter();
  irq_off();
  MCR(0, 14, 3, 0, ticks);
  MCR(0, 14, 3, 1, 1);
  isb();
  wfi(); /* wakes with interrupts masked; any wake-up is allowed, so look again */
  while (!(MRC(0, 14, 3, 1) & 4) && counter() - start < frequency()) wfi();
  irq_on();
  check("timer: wakes from WFI", becomes(&taken[27], before + 1) && timer_at - start >= ticks);
}

void run_checks(void) {
  say("\nChecks\n");
  instructions();
  exceptions();
  devices();
  interrupts();
  mmu_checks();
}
