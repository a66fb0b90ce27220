/* How fast the CPU is: loops whose instructions are counted, timed by the generic timer. */
#include "demo.h"

typedef u32 loop(u32 rounds);

static u32 memory_loop(u32 rounds) { return bench_memory(rounds, SCRATCH + 0x40000); }
static u32 svc_loop(u32 rounds) {
  while (rounds--) asm volatile("svc #0" ::: "memory");
  return 0;
}
static u32 mmio_loop(u32 rounds) {
  while (rounds--) load(UART + 0x18);
  return 0;
}

/* Ticks of the fastest of three runs of about the wanted length; their number of rounds in *rounds. */
static u32 time(loop *run, u32 wanted, u32 *rounds) {
  u32 best = 0;
  for (*rounds = 64; best < wanted && *rounds < 1u << 30; *rounds *= 2) {
    u32 start = counter();
    run(*rounds);
    best = counter() - start;
  }
  *rounds /= 2;
  for (u32 again = 0; again < 2; again++) {
    u32 start = counter();
    run(*rounds);
    u32 ticks = counter() - start;
    if (ticks < best) best = ticks;
  }
  return best ? best : 1;
}

/* Thousands of instructions a second. */
static u32 speed(loop *run, u32 per_round, u32 wanted) {
  u32 rounds, ticks = time(run, wanted, &rounds);
  return divide((u64)rounds * per_round * (frequency() / 1000), ticks);
}

static void say_mips(const char *name, u32 speed) {
  say("%s %u", name, speed / 1000);
  if (speed < 10000) say(".%u", speed / 100 % 10);
  say(" MIPS");
}

static u32 nanoseconds(loop *run, u32 wanted) {
  u32 rounds, ticks = time(run, wanted, &rounds);
  return divide(divide((u64)ticks * 1000000, frequency() / 1000), rounds);
}

void benchmark(u32 milliseconds) {
  u32 wanted = frequency() / 1000 * milliseconds;
  u32 integer = speed(bench_integer, 16, wanted);
  u32 memory = speed(memory_loop, 13, wanted);
  u32 branch = speed(bench_branch, 10, wanted);
  say_mips("\nBenchmark  integer", integer);
  say_mips(", memory", memory);
  say_mips(", calls", branch);
  say("\n           system call %u ns, device read %u ns\n", nanoseconds(svc_loop, wanted / 4),
      nanoseconds(mmio_loop, wanted / 4));
  say_mips("           together", integer / 3 + memory / 3 + branch / 3);
  say("\n");
}
