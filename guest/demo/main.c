/* Banner, identity, checks, benchmark; then an echo console, or power-off. */
#include "demo.h"

static const char banner[] =
  "\n"
  "   __ _ _ __ _ __ _____   ___ __ ___\n"
  "  / _` | '__| '_ ` _ \\ \\ / / '_ ` _ \\\n"
  " | (_| | |  | | | | | \\ V /| | | | | |\n"
  "  \\__,_|_|  |_| |_| |_|\\_/ |_| |_| |_|\n\n"
  "A guest built from armvm's own source.\n\n";

/* The UART's receive interrupts: level 1/8 is as good as any, the time-out brings single keys. */
static void listen(void) {
  store(UART + 0x30, 0x301);
  store(UART + 0x38, 0x50);
  gic_enable(33);
}

static int wait_key(void) {
  for (;;) {
    irq_off();
    int c = take();
    if (c >= 0) {
      irq_on();
      return c;
    }
    wfi(); /* a masked interrupt wakes it too */
    irq_on();
    isb();
  }
}

static void echo_console(void) {
  char line[80];
  u32 length = 0;
  say("\nEcho console: what you type comes back, Enter repeats the line, Ctrl-D powers off.\n> ");
  listen();
  for (;;) {
    int c = wait_key();
    if (c == 4) return;
    if (c == '\r' || c == '\n') {
      line[length] = 0;
      if (length) say("\nyou said: %s", line);
      length = 0;
      say("\n> ");
    } else if (c == 8 || c == 127) {
      if (length) length--, say("\b \b");
    } else if (c >= ' ' && length < sizeof line - 1) {
      line[length++] = (char)c;
      put((char)c);
    }
  }
}

void main(u32 tree_at) {
  struct tree tree;
  read_tree(tree_at, &tree);
  int unattended = has_word(tree.bootargs, "selftest");
  store(UART + 0x30, 0x301); /* enabled, both directions */
  if (!unattended) say("%s", banner);
  show_identity(tree.gic_version);
  gic_init(tree.gic_version);
  run_checks();
  say("%u checks passed, %u failed\n", passed, failed);
  benchmark(unattended ? 20 : 100);
  if (!unattended) {
    echo_console();
    say("\nPowering off.\n");
  }
}
