/* WFI and WFE: what wakes them. */
#include "guest.h"

static u64 cntvct(void) {
  isb();
  return MRRC(1, 14);
}
static void arm_timer(u32 ticks) {
  MCR(0, 14, 3, 0, ticks);
  MCR(0, 14, 3, 1, 1);
  isb();
}
static void stop_timer(void) {
  MCR(0, 14, 3, 1, 0);
  isb();
}
static volatile u32 taken;
static void on_irq(void) {
  u32 id = ld32(GICC + 0xc);
  stop_timer();
  taken++;
  st32(GICC + 0x10, id);
}
static void wfi(void) { asm volatile("dsb\n wfi" ::: "memory"); }

int main(void) {
  irq_handler = on_irq;
  st32(GICD, 1);
  st32(GICD + 0x100, 1 << 27);
  st32(GICC + 4, 0xff);
  st32(GICC, 1);

  /* Masked in CPSR, an interrupt wakes WFI all the same and stays pending. */
  u64 start = cntvct();
  arm_timer(100000);
  do wfi(); /* which may end early */
  while (!(MRC(0, 12, 1, 0) & 0x80));
  u64 waited = cntvct() - start;
  say("masked: taken %u, slept to the end %u, isr %x\n", taken, waited >= 100000, MRC(0, 12, 1, 0));
  cpsie(i);
  isb();
  for (u32 i = 0; i < 1000 && !taken; i++) asm volatile("nop");
  cpsid(i);
  say("unmasked: taken %u\n", taken);

  taken = 0;
  cpsie(i);
  for (u32 i = 0; i < 3; i++) {
    start = cntvct();
    arm_timer(60000);
    while (taken <= i) wfi();
    say("interrupt %u after its time %u\n", i, cntvct() - start >= 60000);
  }
  cpsid(i);

  /* An interrupt that is pending before: no sleep. */
  arm_timer(0);
  while (!(ld32(GICD + 0x200) & 1 << 27)) {}
  wfi();
  say("pending before: awake\n");
  stop_timer();

  /* An SGI to itself. */
  st32(GICD + 0xf00, 2 << 24 | 5);
  wfi();
  say("sgi: awake, iar %x\n", ld32(GICC + 0xc));
  st32(GICC + 0x10, 5);

  /* SEV sets the event register, so that WFE does not wait; so does an exception return. */
  asm volatile("sev\n wfe");
  say("wfe after sev: awake\n");
  arm_timer(50000);
  asm volatile("wfe");
  stop_timer();
  say("wfe: awake\n");
  asm volatile("yield");

  /* WFI in User mode is not trapped. */
  arm_timer(50000);
  clear_trap();
  call_user(wfi, 0);
  say("user wfi: traps %u\n", trap.count);
  stop_timer();

  /* A WFI whose condition fails does nothing. */
  asm volatile("cmp %0, %0\n it ne\n wfine" ::"r"(1) : "cc");
  say("wfine: not executed\n");

  /* PSCI CPU_SUSPEND to a standby state is WFI too. */
  start = cntvct();
  arm_timer(50000);
  u32 status;
  do status = psci(0x84000001, 0, 0, 0);
  while (!(MRC(0, 12, 1, 0) & 0x80));
  waited = cntvct() - start;
  say("cpu_suspend: %d, slept %u\n", status, waited >= 50000);
  stop_timer();
  return 0;
}
