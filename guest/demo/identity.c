/* What the virtual machine's init handshake came to, as the guest sees it: ID registers. */
#include "demo.h"

static const char *cpu_name(u32 midr) {
  if (midr >> 24 != 0x41) return "a CPU that is not Arm's own";
  switch (midr >> 4 & 0xfff) {
    case 0xc07: return "Cortex-A7";
    case 0xc0f: return "Cortex-A15";
    case 0xd03: return "Cortex-A53";
    case 0xd04: return "Cortex-A35";
    case 0xd05: return "Cortex-A55";
    case 0xd07: return "Cortex-A57";
    case 0xd08: return "Cortex-A72";
    case 0xd09: return "Cortex-A73";
    default: return "an Arm CPU";
  }
}

static u32 vmrs(int which) {
  u32 v;
  if (which == 0) asm volatile(".fpu neon-vfpv4\n vmrs %0, fpsid" : "=r"(v));
  else if (which == 1) asm volatile(".fpu neon-vfpv4\n vmrs %0, mvfr0" : "=r"(v));
  else asm volatile(".fpu neon-vfpv4\n vmrs %0, mvfr1" : "=r"(v));
  return v;
}

static void yes(const char *name, int has) {
  if (has) say(" %s", name);
}

void show_identity(u32 gic_version) {
  u32 midr = MRC(0, 0, 0, 0), pfr0 = MRC(0, 0, 1, 0), pfr1 = MRC(0, 0, 1, 1), dfr0 = MRC(0, 0, 1, 2);
  u32 mmfr0 = MRC(0, 0, 1, 4), isar0 = MRC(0, 0, 2, 0);
  say("CPU        %s r%up%u\n", cpu_name(midr), midr >> 20 & 15, midr & 15);
  say("  MIDR     %x   MPIDR    %x   CTR      %x\n", midr, MRC(0, 0, 0, 5), MRC(0, 0, 0, 1));
  say("  ID_PFR0  %x   ID_PFR1  %x   ID_DFR0  %x\n", pfr0, pfr1, dfr0);
  say("  ID_MMFR0 %x   ID_MMFR1 %x   ID_MMFR2 %x   ID_MMFR3 %x\n", mmfr0, MRC(0, 0, 1, 5), MRC(0, 0, 1, 6),
      MRC(0, 0, 1, 7));
  say("  ID_ISAR0 %x   ID_ISAR1 %x   ID_ISAR2 %x   ID_ISAR3 %x   ID_ISAR4 %x\n", isar0, MRC(0, 0, 2, 1),
      MRC(0, 0, 2, 2), MRC(0, 0, 2, 3), MRC(0, 0, 2, 4));

  MCR(0, 1, 0, 2, 0xf << 20); /* CPACR: cp10, cp11 */
  isb();
  int has_fp = (MRC(0, 1, 0, 2) >> 20 & 15) == 15;
  u32 mvfr0 = 0, mvfr1 = 0;
  if (has_fp) {
    asm volatile(".fpu neon-vfpv4\n vmsr fpexc, %0" ::"r"(1 << 30));
    mvfr0 = vmrs(1);
    mvfr1 = vmrs(2);
    say("  FPSID    %x   MVFR0    %x   MVFR1    %x\n", vmrs(0), mvfr0, mvfr1);
  }

  say("Features  ");
  yes("T32", (pfr0 >> 4 & 15) >= 3);
  yes("division", (isar0 >> 24 & 15) >= 2);
  yes("VFP", has_fp && (mvfr0 >> 4 & 15));
  yes("double", has_fp && (mvfr0 >> 8 & 15));
  yes("FMA", has_fp && (mvfr1 >> 28 & 15));
  yes("NEON", has_fp && (mvfr1 >> 8 & 15));
  yes("LPAE", (mmfr0 & 15) >= 5);
  yes("Security", pfr1 >> 4 & 15);
  yes("Virtualization", pfr1 >> 12 & 15);
  yes("timer", pfr1 >> 16 & 15);
  yes("PMU", (dfr0 >> 24 & 15) && (dfr0 >> 24 & 15) != 15);
  say("\n");
  u32 psci_version = psci(0x84000000, 0);
  say("Firmware   PSCI %u.%u\n", psci_version >> 16, psci_version & 0xffff);
  say("Board      GICv%u, PL011 at %x, PL031 at %x, counter %u kHz\n", gic_version, UART, RTC,
      frequency() / 1000);
}
