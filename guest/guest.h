/* Runtime of the bare-metal guests: output, exceptions, system registers. */
#ifndef GUEST_H
#define GUEST_H
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

asm(".arch_extension virt\n.arch_extension sec");

#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))

/* Each guest has one. It runs in System mode with A, I and F masked; returning powers off. */
int main(void);

/* r0, r1, r2 and CPSR when the image was entered. */
extern u32 boot_regs[4];

/* Formats %x (8 hex digits), %X (16, u64), %d, %u, %c, %s. */
void say(const char *format, ...);

/* Exceptions. */
enum kind { UND = 1, SVC = 2, PABT = 3, DABT = 4, IRQ = 6, FIQ = 7 };
enum { USR_MODE = 0x10, FIQ_MODE, IRQ_MODE, SVC_MODE, ABT_MODE = 0x17, UND_MODE = 0x1b, SYS_MODE = 0x1f };
enum { PSR_T = 1 << 5, PSR_F = 1 << 6, PSR_I = 1 << 7, PSR_A = 1 << 8, PSR_E = 1 << 9 };

struct frame {
  u32 r[13], lr, pc, cpsr;
};

/* The last exception, as it was taken. */
struct trap {
  u32 count; /* exceptions since clear_trap() */
  u32 kind;  /* enum kind */
  u32 table; /* number of the vector table: bit 0 T32, bit 1 the other one */
  u32 lr;    /* LR of the mode, before any adjustment */
  u32 spsr;  /* SPSR of the mode */
  u32 cpsr;  /* CPSR at entry */
  u32 fsr, far;
};
extern volatile struct trap trap;
void clear_trap(void);
const char *kind_name(u32 kind);

/* Handlers for interrupts, on the SVC stack in SVC mode. */
extern void (*volatile irq_handler)(void);
extern void (*volatile fiq_handler)(void);

/* Where a prefetch abort goes instead of skipping an instruction; set by call(). */
extern volatile u32 abandon;
u32 call(const void *fn, u32 arg);
u32 call_user(const void *fn, u32 arg);
enum { call_failed = 0xdeadca11 };

u32 psci(u32 fn, u32 a1, u32 a2, u32 a3);
void power_off(void);

extern u32 vectors_a32[], vectors_t32[], vectors_a32_other[], vectors_t32_other[], vectors_bare[];
extern u8 image_end[], bss_end[];

/* Code of the guest's own instruction set? */
#ifdef __thumb__
#define IN_T32 1
#else
#define IN_T32 0
#endif

/* System registers. */
#define MRC_(cp, op1, crn, crm, op2) \
  ({ u32 mrc_; asm volatile("mrc p" #cp "," #op1 ",%0,c" #crn ",c" #crm "," #op2 : "=r"(mrc_)::"memory"); mrc_; })
#define MCR_(cp, op1, crn, crm, op2, value) \
  asm volatile("mcr p" #cp "," #op1 ",%0,c" #crn ",c" #crm "," #op2 ::"r"((u32)(value)) : "memory")
#define MRC(op1, crn, crm, op2) MRC_(15, op1, crn, crm, op2)
#define MCR(op1, crn, crm, op2, value) MCR_(15, op1, crn, crm, op2, value)
#define MRRC(op1, crm) \
  ({ u64 mrrc_; asm volatile("mrrc p15," #op1 ",%Q0,%R0,c" #crm : "=r"(mrrc_)::"memory"); mrrc_; })
#define MCRR(op1, crm, value) \
  asm volatile("mcrr p15," #op1 ",%Q0,%R0,c" #crm ::"r"((u64)(value)) : "memory")

#define isb() asm volatile("isb" ::: "memory")
#define dsb() asm volatile("dsb" ::: "memory")
#define cpsie(flags) asm volatile("cpsie " #flags ::: "memory")
#define cpsid(flags) asm volatile("cpsid " #flags ::: "memory")

static inline u32 cpsr(void) {
  u32 v;
  asm volatile("mrs %0, cpsr" : "=r"(v)::"memory");
  return v;
}
enum { SCTLR_M = 1, SCTLR_A = 2, SCTLR_C = 4, SCTLR_I = 1 << 12, SCTLR_V = 1 << 13, SCTLR_EE = 1 << 25,
       SCTLR_TRE = 1 << 28, SCTLR_AFE = 1 << 29, SCTLR_TE = 1 << 30 };
static inline u32 sctlr(void) { return MRC(0, 1, 0, 0); }
static inline void set_sctlr(u32 v) {
  dsb();
  MCR(0, 1, 0, 0, v);
  isb();
}
static inline void set_vbar(const void *v) {
  MCR(0, 12, 0, 0, (u32)v);
  isb();
}
static inline void tlbiall(void) {
  dsb();
  MCR(0, 8, 7, 0, 0);
  dsb();
  isb();
}
/* After code was written: to the point of unification, and out of the instruction caches. */
static inline void sync_code(const void *start, u32 size) {
  for (u32 at = (u32)start & ~63u; at < (u32)start + size; at += 64) MCR(0, 7, 11, 1, at); /* DCCMVAU */
  dsb();
  for (u32 at = (u32)start & ~63u; at < (u32)start + size; at += 64) MCR(0, 7, 5, 1, at); /* ICIMVAU */
  MCR(0, 7, 5, 6, 0); /* BPIALL */
  dsb();
  isb();
}

/* Single accesses; a load that aborts leaves 0xbad. */
#define ACCESSOR(name, op) \
  static inline u32 name(u32 at) { \
    u32 v = 0xbad; \
    asm volatile(op " %0, [%1]" : "+r"(v) : "r"(at) : "memory"); \
    return v; \
  }
#define STORER(name, op) \
  static inline void name(u32 at, u32 v) { asm volatile(op " %0, [%1]" ::"r"(v), "r"(at) : "memory"); }
ACCESSOR(ld32, "ldr")
ACCESSOR(ld16, "ldrh")
ACCESSOR(ld8, "ldrb")
STORER(st32, "str")
STORER(st16, "strh")
STORER(st8, "strb")

/* Says "WHAT: KIND fsr=... far=..." for the last exception, or "WHAT: RESULT" without one. */
void say_access(const char *what, u32 result);

/* RAM that the image does not use. */
enum { TEST_RAM = 0x40800000, RAM_BASE = 0x40000000 };

enum { UART = 0x09000000, RTC = 0x09010000, GPIO = 0x09030000, GICD = 0x08000000, GICC = 0x08010000 };
void *memset(void *to, int value, size_t n);
void *memcpy(void *to, const void *from, size_t n);
#endif
