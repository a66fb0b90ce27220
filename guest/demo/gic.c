/* Interrupt controller: GICv2, or GICv3 by its system registers (IHI 0048, IHI 0069). */
#include "demo.h"

enum { CTLR = 0, GROUP = 0x80, ENABLE = 0x100, PRIORITY = 0x400, TARGET = 0x800, SGIR = 0xf00 };
enum { SGI_FRAME = 0x10000, WAKER = 0x14, SLEEP = 1 << 1, ASLEEP = 1 << 2 };
enum { TIMER = 27, UART_SPI = 33 };

volatile u32 taken[64];
volatile u32 timer_at;
static u32 version;

void gic_init(u32 gic_version) {
  version = gic_version;
  if (version == 2) {
    store(GICD + CTLR, 1);
    store(GICC + 4, 0xff);
    store(GICC, 1);
    return;
  }
  store(GICD + CTLR, 0x12); /* ARE, group 1 */
  store(GICR + WAKER, load(GICR + WAKER) & ~(u32)SLEEP);
  while (load(GICR + WAKER) & ASLEEP) {}
  store(GICR + SGI_FRAME + GROUP, 0xffffffff);
  MCR(0, 12, 12, 5, MRC(0, 12, 12, 5) | 1); /* ICC_SRE */
  isb();
  MCR(0, 4, 6, 0, 0xff);  /* ICC_PMR */
  MCR(0, 12, 12, 7, 1);   /* ICC_IGRPEN1 */
  isb();
}

void gic_enable(u32 interrupt) {
  u32 frame = version == 3 && interrupt < 32 ? GICR + SGI_FRAME : GICD;
  u32 word = interrupt / 32 * 4, bit = 1u << interrupt % 32;
  store_byte(frame + PRIORITY + interrupt, 0x80);
  if (interrupt >= 32) {
    if (version == 2) store_byte(GICD + TARGET + interrupt, 1);
    else store(GICD + GROUP + word, load(GICD + GROUP + word) | bit);
  }
  store(frame + ENABLE + word, bit);
}

void gic_send(u32 sgi) {
  dsb();
  if (version == 2) store(GICD + SGIR, 2 << 24 | sgi); /* to this CPU */
  else MCRR(0, 12, (u64)sgi << 24 | 1);                /* ICC_SGI1R: CPU 0 of cluster 0 */
  isb();
}

u32 gic_acknowledge(void) { return version == 2 ? load(GICC + 12) & 0x3ff : MRC(0, 12, 12, 0); }

void gic_end(u32 interrupt) {
  if (version == 2) store(GICC + 16, interrupt);
  else MCR(0, 12, 12, 1, interrupt);
}

/* From start.S. */
void on_interrupt(void) {
  u32 interrupt = gic_acknowledge();
  if (interrupt >= 1020) return;
  if (interrupt == TIMER) {
    timer_at = counter();
    MCR(0, 14, 3, 1, 2); /* CNTV_CTL: masked; the line falls */
    isb();
  }
  if (interrupt == UART_SPI) store(UART + 0x44, 0x50); /* taken by whoever waits */
  if (interrupt < 64) taken[interrupt]++;
  gic_end(interrupt);
}
