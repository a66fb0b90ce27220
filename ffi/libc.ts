import { lazy } from "./lazy.ts";

/**
 * The C library, opened when it is first used on a thread and kept until the thread ends.
 *
 * No call is `nonblocking`: those run on a pool of threads, and KVM wants each vCPU's calls from one
 * thread. So errno is that of the call just made.
 */
const SYMBOLS = {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  ioctl: { parameters: ["i32", "u32", "u64"], result: "i32" },
  ioctl_buffer: { name: "ioctl", parameters: ["i32", "u32", "buffer"], result: "i32" },
  mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  munmap: { parameters: ["pointer", "usize"], result: "i32" },
  madvise: { parameters: ["usize", "usize", "i32"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  getpid: { parameters: [], result: "i32" },
  gettid: { parameters: [], result: "i32" },
  tgkill: { parameters: ["i32", "i32", "i32"], result: "i32" },
  signal: { parameters: ["i32", "pointer"], result: "pointer" },
  dlsym: { parameters: ["pointer", "buffer"], result: "pointer" },
  __errno_location: { parameters: [], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

type Symbols = typeof SYMBOLS;

/** The C library's functions. */
export type Libc = { readonly [name in keyof Symbols]: Deno.FromForeignFunction<Symbols[name]> };

/**
 * Deno compiles machine code for every function when a library is opened, by a compiler that itself
 * takes a while to get going: most of what KVM added to armvm's start. It has none for functions
 * that take a struct. So each of those here takes one that C does not look at, in a register that C
 * does not look at either.
 */
const NOT_COMPILED = { struct: ["u8"] } as const;
const NOTHING = new Uint8Array(1);

const FILE_NAME = "libc.so.6";

let opened: Libc | undefined;
let errno_at: Deno.UnsafePointerView | undefined;

/** The C library. Throws when FFI is not permitted or the library not there. */
export function libc(): Libc {
  return opened ??= open_library();
}

function open_library(): Libc {
  const declared = Object.entries<Deno.ForeignFunction>(SYMBOLS).map(([name, symbol]) => [
    name,
    { ...symbol, parameters: [...symbol.parameters, NOT_COMPILED] },
  ]);
  const { symbols } = Deno.dlopen(FILE_NAME, Object.fromEntries(declared));
  const bound = Object.entries(symbols).map(([name, call]) => [
    name,
    (...args: unknown[]) => (call as (...args: unknown[]) => unknown)(...args, NOTHING),
  ]);
  return Object.fromEntries(bound) as Libc;
}

/** An ioctl without an argument; nothing is allocated on the way. */
export type PlainIoctl = (fd: number, request: number) => number;

/** Such an ioctl, ready at once. */
export const plain_ioctl: () => PlainIoctl = lazy(() => {
  const { ioctl } = Deno.dlopen(FILE_NAME, {
    ioctl: { parameters: ["i32", "u32", "pointer", NOT_COMPILED], result: "i32" },
  }).symbols;
  return (fd, request) => ioctl(fd, request, null, NOTHING);
});

/** The same, compiled: faster by about a microsecond, when the compiler's time is worth that. */
export const compiled_ioctl: () => PlainIoctl = lazy(() => {
  const { ioctl } = Deno.dlopen(FILE_NAME, {
    // A null pointer costs less than a bigint of 0.
    ioctl: { parameters: ["i32", "u32", "pointer"], result: "i32" },
  }).symbols;
  return (fd, request) => ioctl(fd, request, null);
});

/** errno of this thread: what the last failed call left. */
export function errno(): number {
  // Each thread has one at an address of its own, which stays; so has each instance of this module.
  errno_at ??= new Deno.UnsafePointerView(libc().__errno_location()!);
  return errno_at.getInt32();
}

/** A string as C has it. */
export function c_string(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text + "\0");
}

/** Flags of the calls above (arm64 and x86-64 agree on these). */
export const FLAGS = {
  O_RDWR: 0o2,
  O_CLOEXEC: 0o2000000,
  PROT_READ: 1,
  PROT_WRITE: 2,
  MAP_SHARED: 1,
  EFD_CLOEXEC: 0o2000000,
  EFD_NONBLOCK: 0o4000,
} as const;
