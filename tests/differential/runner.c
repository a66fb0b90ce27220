// Runs test cases that arrive on standard input, one instruction sequence each, and writes the state
// in which each of them ended to standard output. Static, without a C library.
//
// A batch is a count and so many cases; the answer is so many results. All code of a batch is
// written before any of it runs. A sequence ends in a signal: SIGILL at the undefined instruction
// that the other side puts behind it, or whatever the instructions themselves raise. The layouts
// are those of layout.ts.

typedef unsigned int u32;
typedef unsigned short u16;

enum {
  RAM = 0x60000000,
  RAM_SIZE = 0x800000,
  WINDOW = 0x60000f80,
  WINDOW_WORDS = 64,
  CODE_WORDS = 32,
  MAX_CASES = 4096,
};

struct test {
  u32 code_address;
  u32 thumb;
  // Bytes before and behind the code that are filled with undefined instructions.
  u32 fill_before;
  u32 fill_after;
  u32 code[CODE_WORDS];
  u32 r[15];
  u32 entry;
  u32 cpsr;
  u32 fpscr;
  u32 d[64];
  u32 window[WINDOW_WORDS];
};

struct result {
  u32 signal;
  u32 pc;
  u32 r[15];
  u32 cpsr;
  u32 fpscr;
  u32 fault_address;
  u32 d[64];
  u32 window[WINDOW_WORDS];
};

// The kernel's signal frame (arch/arm/include/uapi/asm/sigcontext.h, asm/ucontext.h).
struct ucontext {
  u32 flags, link, stack[3];
  u32 trap_no, error_code, oldmask, r[16], cpsr, fault_address;
  u32 mask[32];
  u32 regspace[128] __attribute__((aligned(8)));
};

struct action {
  void *handler;
  u32 flags;
  void *restorer;
  u32 mask[2];
};

static struct test tests[MAX_CASES];
static struct result results[MAX_CASES];
static struct result *current;
static u32 signal_stack[16384] __attribute__((aligned(16)));
u32 saved_sp;

static int call(int number, u32 a, u32 b, u32 c, u32 d, u32 e, u32 f) {
  register u32 r0 asm("r0") = a;
  register u32 r1 asm("r1") = b;
  register u32 r2 asm("r2") = c;
  register u32 r3 asm("r3") = d;
  register u32 r4 asm("r4") = e;
  register u32 r5 asm("r5") = f;
  register u32 r7 asm("r7") = number;
  asm volatile("svc #0"
               : "+r"(r0)
               : "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5), "r"(r7)
               : "memory");
  return (int)r0;
}

static void leave(int status) {
  for (;;) call(1, status, 0, 0, 0, 0, 0);
}

static void copy(volatile u32 *to, const volatile u32 *from, u32 words) {
  for (u32 i = 0; i < words; i++) to[i] = from[i];
}

static int transfer(int number, int fd, void *data, u32 length) {
  u32 done = 0;
  while (done < length) {
    int n = call(number, fd, (u32)data + done, length - done, 0, 0, 0);
    if (n <= 0) return done == 0 && n == 0 ? 0 : -1;
    done += n;
  }
  return 1;
}

void enter(struct test *);
void back(void) __attribute__((noreturn));
asm(".fpu neon-vfpv4\n"
    "enter:\n"
    "  push {r4-r11, lr}\n"
    "  ldr r1, =saved_sp\n"
    "  str sp, [r1]\n"
    "  add r1, r0, #216\n"
    "  vldmia r1!, {d0-d15}\n"
    "  vldmia r1, {d16-d31}\n"
    "  ldr r1, [r0, #212]\n"
    "  vmsr fpscr, r1\n"
    "  ldr r1, [r0, #208]\n"
    "  msr APSR_nzcvqg, r1\n"
    "  clrex\n"
    "  add lr, r0, #144\n"
    "  .inst 0xe89effff @ ldm lr, {r0-r15}\n"
    "back:\n"
    "  ldr r1, =saved_sp\n"
    "  ldr sp, [r1]\n"
    "  pop {r4-r11, pc}\n"
    "  .ltorg\n");

// Never returns to where the signal happened: it leaves its stack and goes on behind enter().
static void on_signal(u32 signal, void *info, struct ucontext *context) {
  (void)info;
  struct result *out = current;
  out->signal = signal;
  out->pc = context->r[15];
  copy(out->r, context->r, 15);
  out->cpsr = context->cpsr;
  out->fault_address = context->fault_address;
  for (u32 *at = context->regspace; at < context->regspace + 128 && at[1] != 0; at += at[1] / 4) {
    if (at[0] != 0x56465001) continue;
    copy(out->d, at + 2, 64);
    out->fpscr = at[66];
  }
  back();
}

static void write_code(const struct test *t) {
  u32 from = t->code_address - t->fill_before;
  u32 to = t->code_address + t->fill_after;
  for (u32 at = from; at < to; at += 4) {
    *(volatile u32 *)at = t->thumb ? 0xde00de00 : 0xe7f000f0;
  }
  copy((u32 *)t->code_address, t->code, CODE_WORDS);
}

static void run(struct test *t, struct result *out) {
  current = out;
  copy((u32 *)WINDOW, t->window, WINDOW_WORDS);
  enter(t);
  copy(out->window, (u32 *)WINDOW, WINDOW_WORDS);
}

static void serve(void) {
  u32 stack[3] = {(u32)signal_stack, 0, sizeof signal_stack};
  call(186, (u32)stack, 0, 0, 0, 0, 0);
  // SA_SIGINFO | SA_RESTORER | SA_ONSTACK | SA_NODEFER
  struct action action = {on_signal, 0x4c000004, on_signal, {0, 0}};
  static const int signals[] = {4, 5, 7, 8, 11};
  for (u32 i = 0; i < 5; i++) call(174, signals[i], (u32)&action, 0, 8, 0, 0);
  // PROT_READ | WRITE | EXEC; MAP_PRIVATE | FIXED | ANONYMOUS
  if (call(192, RAM, RAM_SIZE, 7, 0x32, -1, 0) != RAM) leave(3);
  u32 count;
  while (transfer(3, 0, &count, 4) > 0) {
    if (count > MAX_CASES) leave(4);
    if (transfer(3, 0, tests, count * sizeof tests[0]) <= 0) leave(5);
    for (u32 i = 0; i < count; i++) write_code(&tests[i]);
    call(0x0f0002, RAM, RAM + RAM_SIZE, 0, 0, 0, 0);
    for (u32 i = 0; i < count; i++) run(&tests[i], &results[i]);
    if (transfer(4, 1, results, count * sizeof results[0]) <= 0) leave(6);
  }
  leave(0);
}

void _start(void) { serve(); }
