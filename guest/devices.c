/* Boot state, PSCI, and the registers of PL011, PL031, PL061 and fw_cfg. */
#include "guest.h"

static void boot(void) {
  u32 fdt = boot_regs[2];
  say("boot: r0=%x r1=%x cpsr=%x\n", boot_regs[0], boot_regs[1], boot_regs[3] & 0x3ff);
  say("fdt: aligned %u in ram %u magic %x version %x\n", (fdt & 7) == 0, fdt - RAM_BASE < 0x4000000,
      __builtin_bswap32(ld32(fdt)), __builtin_bswap32(ld32(fdt + 20)));
}

static void power(void) {
  static const u32 calls[] = {
    0x84000000, /* PSCI_VERSION */
    0x84000006, /* MIGRATE_INFO_TYPE */
    0x8400001f, 0x84000020, 0x12345678, 0xffffffff,
  };
  for (u32 i = 0; i < ARRAY_SIZE(calls); i++) say("psci %x: %x\n", calls[i], psci(calls[i], 0, 0, 0));
  for (u32 fn = 0; fn < 0xc; fn++) say("psci features %x: %x\n", 0x84000000 + fn, psci(0x8400000a, 0x84000000 + fn, 0, 0));
  say("affinity of cpu 0: %x\n", psci(0x84000004, 0, 0, 0));
  say("cpu_on of cpu 0: %x\n", psci(0x84000003, 0, RAM_BASE, 0));
  say("cpu_on of cpu 1: %x\n", psci(0x84000003, 1, RAM_BASE, 0));
  /* Nothing but r0 changes. */
  u32 out[4];
  asm volatile("ldr r0, =0x84000000\n mov r1, #0x11\n mov r2, #0x22\n mov r3, #0x33\n mov r12, #0xcc\n hvc #0\n"
               "stm %0, {r1-r3, r12}" ::"r"(out) : "r0", "r1", "r2", "r3", "r12", "memory");
  say("psci keeps %x %x %x %x\n", out[0], out[1], out[2], out[3]);
  clear_trap();
  asm volatile("mov r0, #0x84000000\n hvc #5" ::: "r0", "r1", "r2", "r3", "r12", "memory");
  say("hvc #5: %s\n", kind_name(trap.kind));
}

static void say_ids(const char *name, u32 base) {
  say("%s ids:", name);
  for (u32 i = 0; i < 8; i++) say(" %b", ld32(base + 0xfe0 + 4 * i));
  say("\n");
}

static void uart(void) {
  enum { FR = 0x18, ILPR = 0x20, IBRD = 0x24, FBRD = 0x28, LCRH = 0x2c, CR = 0x30, IFLS = 0x34, IMSC = 0x38, RIS = 0x3c,
         MIS = 0x40, ICR = 0x44, DMACR = 0x48 };
  say_ids("pl011", UART);
  say("fr %x\n", ld32(UART + FR) & ~7u); /* without the modem lines */
  st32(UART + IBRD, 0x12345);
  st32(UART + FBRD, 0xff);
  st32(UART + IMSC, 0xffff);
  u32 ibrd = ld32(UART + IBRD), fbrd = ld32(UART + FBRD), imsc = ld32(UART + IMSC);
  st32(UART + IMSC, 0);
  say("ibrd %x fbrd %x imsc %x\n", ibrd & 0xffff, fbrd & 0x3f, imsc & 0x7ff);
  st32(UART + LCRH, 0x70);
  say("lcrh %x fr %x\n", ld32(UART + LCRH), ld32(UART + FR) & ~7u);
  st32(UART + IFLS, 0x12);
  say("ifls %x\n", ld32(UART + IFLS));
  say("cr %x\n", ld32(UART + CR) & 0x301);
  st32(UART + IMSC, 0);
  st32(UART + ICR, 0x7ff);
  u32 ris = ld32(UART + RIS), mis = ld32(UART + MIS);
  say("after icr: ris %x mis %x\n", ris & 0x50, mis);
  say("nothing received: fr.rxfe %u\n", (ld32(UART + FR) >> 4) & 1);
}

static void rtc(void) {
  enum { DR = 0, MR = 4, LR = 8, CR = 0xc, IMSC = 0x10, RIS = 0x14, MIS = 0x18, ICR = 0x1c };
  say_ids("pl031", RTC);
  say("cr %x imsc %x ris %x mis %x\n", ld32(RTC + CR), ld32(RTC + IMSC), ld32(RTC + RIS), ld32(RTC + MIS));
  u32 now = ld32(RTC + DR);
  say("after 2020: %u\n", now > 1577836800u);
  st32(RTC + LR, 1000000000);
  now = ld32(RTC + DR);
  say("set: %u lr %u\n", now >= 1000000000 && now < 1000000030, ld32(RTC + LR));
  st32(RTC + IMSC, 1);
  /* The alarm. */
  st32(RTC + MR, now + 500);
  say("mr %u imsc %x ris %x\n", ld32(RTC + MR) - now, ld32(RTC + IMSC), ld32(RTC + RIS));
  st32(RTC + LR, now + 500);
  u64 start = MRRC(1, 14);
  while (!ld32(RTC + RIS) && MRRC(1, 14) - start < 5 * 62500000ull) {}
  say("alarm: ris %x mis %x spi pending %u\n", ld32(RTC + RIS), ld32(RTC + MIS), (ld32(GICD + 0x204) >> 2) & 1);
  st32(RTC + ICR, 1);
  say("cleared: ris %x mis %x spi pending %u\n", ld32(RTC + RIS), ld32(RTC + MIS), (ld32(GICD + 0x204) >> 2) & 1);
  st32(RTC + IMSC, 0);
}

static void gpio(void) {
  enum { DIR = 0x400, IS = 0x404, IBE = 0x408, IEV = 0x40c, IE = 0x410, RIS = 0x414, MIS = 0x418, IC = 0x41c, AFSEL = 0x420 };
  say_ids("pl061", GPIO);
  say("dir %x is %x ibe %x iev %x ie %x ris %x mis %x afsel %x\n", ld32(GPIO + DIR), ld32(GPIO + IS), ld32(GPIO + IBE),
      ld32(GPIO + IEV), ld32(GPIO + IE), ld32(GPIO + RIS), ld32(GPIO + MIS), ld32(GPIO + AFSEL));
  say("data %x\n", ld32(GPIO + 0x3fc));
  st32(GPIO + DIR, 0xf0);
  st32(GPIO + 0x3fc, 0xff);
  say("outputs %x", ld32(GPIO + 0x3fc) & 0xf0);
  st32(GPIO + (0x50 << 2), 0);
  say(" masked write %x masked read %x\n", ld32(GPIO + 0x3fc) & 0xf0, ld32(GPIO + (0x90 << 2)));
  st32(GPIO + IS, 0x0f);
  st32(GPIO + IBE, 0x03);
  st32(GPIO + IEV, 0x05);
  st32(GPIO + IE, 0x08);
  say("is %x ibe %x iev %x ie %x\n", ld32(GPIO + IS), ld32(GPIO + IBE), ld32(GPIO + IEV), ld32(GPIO + IE));
  st32(GPIO + IE, 0);
}

static void fw_cfg(void) {
  enum { FW_CFG = 0x09020000 };
  asm volatile("strh %0, [%1]" ::"r"(0), "r"(FW_CFG + 8) : "memory");
  say("fw_cfg signature: ");
  for (u32 i = 0; i < 4; i++) say("%c", (int)ld8(FW_CFG));
  say("\n");
}

static void virtio(void) {
  say("virtio-mmio: magic %x device id %x\n", ld32(0x0a000000), ld32(0x0a000008));
  say("the last one: magic %x device id %x\n", ld32(0x0a003e00), ld32(0x0a003e08));
}

int main(void) {
  boot();
  power();
  uart();
  rtc();
  gpio();
  fw_cfg();
  virtio();
  return 0;
}
