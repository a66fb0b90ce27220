/* The demonstration guest: a bare-metal program that looks at its machine and checks it. */
#ifndef DEMO_H
#define DEMO_H
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

/* The virt machine. */
enum {
  GICD = 0x08000000,
  GICC = 0x08010000,
  GICR = 0x080a0000,
  UART = 0x09000000,
  RTC = 0x09010000,
  RAM = 0x40000000,
  /* RAM behind the image, for page tables and test pages. */
  SCRATCH = 0x40800000,
};

#define MRC(op1, crn, crm, op2) \
  ({ u32 v_; asm volatile("mrc p15," #op1 ",%0,c" #crn ",c" #crm "," #op2 : "=r"(v_)::"memory"); v_; })
#define MCR(op1, crn, crm, op2, value) \
  asm volatile("mcr p15," #op1 ",%0,c" #crn ",c" #crm "," #op2 ::"r"((u32)(value)) : "memory")
#define MRRC(op1, crm) \
  ({ u64 v_; asm volatile("mrrc p15," #op1 ",%Q0,%R0,c" #crm : "=r"(v_)::"memory"); v_; })
#define MCRR(op1, crm, value) \
  asm volatile("mcrr p15," #op1 ",%Q0,%R0,c" #crm ::"r"((u64)(value)) : "memory")

static inline void isb(void) { asm volatile("isb" ::: "memory"); }
static inline void dsb(void) { asm volatile("dsb" ::: "memory"); }
static inline void irq_on(void) { asm volatile("cpsie i" ::: "memory"); }
static inline void irq_off(void) { asm volatile("cpsid i" ::: "memory"); }
static inline void wfi(void) { asm volatile("dsb\n wfi" ::: "memory"); }

/* Single accesses, so that emulation of devices sees the simplest form. */
static inline u32 load(u32 at) {
  u32 v;
  asm volatile("ldr %0, [%1]" : "=r"(v) : "r"(at) : "memory");
  return v;
}
static inline void store(u32 at, u32 v) { asm volatile("str %0, [%1]" ::"r"(v), "r"(at) : "memory"); }
static inline u8 load_byte(u32 at) { return *(volatile u8 *)at; }
static inline void store_byte(u32 at, u8 v) { *(volatile u8 *)at = v; }

/* start.S: the last exception that was not an interrupt, and where a prefetch abort goes. */
enum { NONE, UNDEFINED, SUPERVISOR, PREFETCH, DATA };
struct trap {
  u32 kind, pc, spsr;
};
extern volatile struct trap trap;
extern volatile u32 trap_count;
/* Calls `address`; a prefetch abort there returns too. */
u32 call(u32 address, u32 argument);
u32 psci(u32 function, u32 argument);
void vectors(void);
u32 bench_integer(u32 rounds), bench_memory(u32 rounds, u32 at), bench_branch(u32 rounds);
u32 thumb_it(u32 value), exclusive_add(u32 at, u32 value);
u32 vfp_check(u32 results), neon_check(u32 in, u32 out);

/* console.c */
void put(char c);
/* Formats %s, %u, %x (8 digits), %b (2 digits), %c; %s takes a width, as in %12s, to the left. */
void say(const char *format, ...);
int take(void);
u32 divide(u64 value, u32 by);

/* tree.c */
struct tree {
  u32 gic_version;
  char bootargs[128];
};
void read_tree(u32 at, struct tree *tree);
int has_word(const char *text, const char *word);

/* gic.c */
void gic_init(u32 version);
void gic_enable(u32 interrupt);
void gic_send(u32 sgi);
u32 gic_acknowledge(void);
void gic_end(u32 interrupt);
/* Counts of interrupts taken, by number. */
extern volatile u32 taken[64];
extern volatile u32 timer_at;

/* checks.c, mmu.c, identity.c, bench.c */
extern u32 passed, failed;
void check(const char *name, int good);
void run_checks(void);
void mmu_checks(void);
void show_identity(u32 gic_version);
void benchmark(u32 milliseconds);
u32 counter(void);
u32 frequency(void);
#endif
