#include "guest.h"

volatile struct trap trap;
void (*volatile irq_handler)(void);
void (*volatile fiq_handler)(void);

enum { FR_TXFF = 1 << 5 };

static void put(char c) {
  volatile u32 *uart = (volatile u32 *)UART;
  while (uart[6] & FR_TXFF) {}
  uart[0] = (u8)c;
}

static void put_hex(u64 value, int digits) {
  while (digits-- > 0) put("0123456789abcdef"[(value >> (digits * 4)) & 15]);
}

static void put_decimal(u32 value) {
  char text[10];
  int n = 0;
  do text[n++] = '0' + value % 10;
  while ((value /= 10) != 0);
  while (n > 0) put(text[--n]);
}

void say(const char *format, ...) {
  va_list args;
  va_start(args, format);
  for (; *format; format++) {
    if (*format != '%') {
      put(*format);
      continue;
    }
    switch (*++format) {
      case 'x': put_hex(va_arg(args, u32), 8); break;
      case 'X': put_hex(va_arg(args, u64), 16); break;
      case 'h': put_hex(va_arg(args, u32), 3); break;
      case 'b': put_hex(va_arg(args, u32), 2); break;
      case 'c': put(va_arg(args, int)); break;
      case 'u': put_decimal(va_arg(args, u32)); break;
      case 'd': {
        int v = va_arg(args, int);
        if (v < 0) put('-');
        put_decimal(v < 0 ? -(u32)v : (u32)v);
        break;
      }
      case 's':
        for (const char *s = va_arg(args, const char *); *s; s++) put(*s);
        break;
      default: put(*format);
    }
  }
  va_end(args);
}

const char *kind_name(u32 kind) {
  static const char *const names[] = {"none", "und", "svc", "pabt", "dabt", "hyp", "irq", "fiq"};
  return kind < 8 ? names[kind] : "?";
}

void clear_trap(void) {
  trap.count = trap.kind = 0;
  trap.lr = trap.spsr = trap.cpsr = trap.fsr = trap.far = trap.table = 0;
}

void say_access(const char *what, u32 result) {
  if (trap.count == 0) say("%s: %x\n", what, result);
  else if (trap.kind == DABT || trap.kind == PABT) {
    say("%s: %s fsr=%x far=%x%s\n", what, kind_name(trap.kind), trap.fsr, trap.far,
        trap.count > 1 ? " more than once" : "");
  } else say("%s: %s\n", what, kind_name(trap.kind));
}

/* ITSTATE is split over CPSR[15:10] and [26:25]. */
static u32 advance_it(u32 psr) {
  u32 it = ((psr >> 8) & 0xfc) | ((psr >> 25) & 3);
  it = (it & 7) == 0 ? 0 : (it & 0xe0) | ((it << 1) & 0x1f);
  return (psr & ~0x0600fc00u) | ((it & 0xfc) << 8) | ((it & 3) << 25);
}

static void skip(struct frame *frame, u32 at) {
  u32 size = 4;
  if (frame->cpsr & PSR_T) {
    u16 half = *(volatile u16 *)at;
    size = half >= 0xe800 ? 4 : 2;
    frame->cpsr = advance_it(frame->cpsr);
  }
  frame->pc = at + size;
}

static void give_up(struct frame *frame) {
  frame->r[0] = call_failed;
  frame->pc = abandon & ~1u;
  frame->cpsr = (frame->cpsr & ~(0x0600fc00u | PSR_T)) | (IN_T32 ? PSR_T : 0);
}

/* Called by the vectors. Records the exception; then goes on behind the instruction. */
void trap_entry(u32 code, struct frame *frame, u32 entry_cpsr);
void trap_entry(u32 code, struct frame *frame, u32 entry_cpsr) {
  u32 kind = code & 0xff, thumb = frame->cpsr & PSR_T;
  if (kind == SVC) {
    u32 imm = thumb ? *(volatile u8 *)(frame->pc - 2) : *(volatile u8 *)(frame->pc - 4);
    if (imm == 0x55) { /* the way back from User mode */
      frame->cpsr = (frame->cpsr & ~0x1fu) | SYS_MODE;
      return;
    }
  }
  trap.count++;
  trap.kind = kind;
  trap.table = code >> 8;
  trap.lr = frame->pc;
  trap.spsr = frame->cpsr;
  trap.cpsr = entry_cpsr;
  switch (kind) {
    case UND: skip(frame, frame->pc - (thumb ? 2 : 4)); break;
    case PABT:
      /* Bits 8:4 and 11 are for data aborts only (DDI 0406C, B4.1.96). */
      trap.fsr = MRC(0, 5, 0, 1);
      if (!(trap.fsr & 0x200)) trap.fsr &= ~0x8f0u;
      trap.far = MRC(0, 6, 0, 2);
      if (abandon && trap.lr - 4 != 0 && (trap.fsr & 0x3f) != 2 && (trap.fsr & 0x3f) != 0x22) give_up(frame);
      else skip(frame, frame->pc - 4);
      break;
    case DABT:
      trap.fsr = MRC(0, 5, 0, 0);
      trap.far = MRC(0, 6, 0, 0);
      skip(frame, frame->pc - 8);
      break;
    case IRQ:
      frame->pc -= 4;
      if (irq_handler) irq_handler();
      break;
    case FIQ:
      frame->pc -= 4;
      if (fiq_handler) fiq_handler();
      break;
  }
}

void *memset(void *to, int value, size_t n) {
  for (u8 *p = to; n > 0; n--) *p++ = value;
  return to;
}
void *memcpy(void *to, const void *from, size_t n) {
  u8 *p = to;
  for (const u8 *q = from; n > 0; n--) *p++ = *q++;
  return to;
}
