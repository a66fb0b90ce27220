/* The PL011: output, formatting, input. */
#include "demo.h"

enum { DR = 0, FR = 0x18, FR_RX_EMPTY = 1 << 4, FR_TX_FULL = 1 << 5 };

void put(char c) {
  if (c == '\n') put('\r');
  while (load(UART + FR) & FR_TX_FULL) {}
  store(UART + DR, (u8)c);
}

/* The next character that was typed, or -1. */
int take(void) {
  if (load(UART + FR) & FR_RX_EMPTY) return -1;
  return load(UART + DR) & 0xff;
}

static void put_unsigned(u32 value) {
  char digits[10];
  int count = 0;
  do digits[count++] = '0' + value % 10;
  while (value /= 10);
  while (count) put(digits[--count]);
}

static void put_hex(u32 value, int digits) {
  while (digits--) put("0123456789abcdef"[(value >> (digits * 4)) & 15]);
}

void say(const char *format, ...) {
  va_list args;
  va_start(args, format);
  for (; *format; format++) {
    if (*format != '%') {
      put(*format);
      continue;
    }
    int width = 0;
    while (*++format >= '0' && *format <= '9') width = width * 10 + (*format - '0');
    switch (*format) {
      case 's': {
        const char *text = va_arg(args, const char *);
        for (; *text; text++, width--) put(*text);
        while (width-- > 0) put(' ');
        break;
      }
      case 'u': put_unsigned(va_arg(args, u32)); break;
      case 'x': put_hex(va_arg(args, u32), 8); break;
      case 'b': put_hex(va_arg(args, u32), 2); break;
      case 'c': put((char)va_arg(args, int)); break;
      default: put(*format);
    }
  }
  va_end(args);
}

/* 64 by 32 bits without a library. */
u32 divide(u64 value, u32 by) {
  u64 rest = 0;
  u32 quotient = 0;
  for (int bit = 63; bit >= 0; bit--) {
    rest = rest << 1 | (value >> bit & 1);
    quotient <<= 1;
    if (rest >= by) {
      rest -= by;
      quotient |= 1;
    }
  }
  return quotient;
}
