/* What the guest wants to know of its device tree (Devicetree Specification, chapter 5). */
#include "demo.h"

enum { BEGIN_NODE = 1, END_NODE, PROP, NOP };

static u32 big(u32 at) { return __builtin_bswap32(*(u32 *)at); }

static int same(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}

static int starts(const char *text, const char *with) {
  while (*with && *text == *with) text++, with++;
  return !*with;
}

int has_word(const char *text, const char *word) {
  for (; *text; text++) {
    if (!starts(text, word)) continue;
    const char *end = text;
    for (const char *w = word; *w; w++) end++;
    if (!*end || *end == ' ') return 1;
  }
  return 0;
}

void read_tree(u32 at, struct tree *tree) {
  tree->gic_version = 2;
  tree->bootargs[0] = 0;
  if (at < RAM || at & 3 || big(at) != 0xd00dfeed) return;
  u32 p = at + big(at + 8);
  const char *names = (const char *)at + big(at + 12);
  for (;;) {
    u32 token = big(p);
    p += 4;
    if (token == BEGIN_NODE) {
      while (*(u8 *)p) p++;
      p = (p + 4) & ~3u;
    } else if (token == PROP) {
      u32 length = big(p);
      const char *name = names + big(p + 4), *value = (const char *)p + 8;
      if (same(name, "bootargs")) {
        u32 n = 0;
        for (; n < length && n < sizeof tree->bootargs - 1; n++) tree->bootargs[n] = value[n];
        tree->bootargs[n] = 0;
      }
      if (same(name, "compatible") && starts(value, "arm,gic-v3")) tree->gic_version = 3;
      p = (p + 8 + length + 3) & ~3u;
    } else if (token != END_NODE && token != NOP) {
      return;
    }
  }
}
