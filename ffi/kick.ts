import { KVM_RUN_HEAD } from "./abi/structs.ts";
import { c_string, libc } from "./libc.ts";

/**
 * A real-time signal that neither Deno nor V8 nor glibc uses. (SIGUSR1 would start the inspector.)
 * Its handler does nothing: the signal only makes KVM_RUN return.
 */
const KICK_SIGNAL = 44;

const IMMEDIATE_EXIT = KVM_RUN_HEAD.fields.immediate_exit.offset;

/** Words of a vCPU's shared memory. */
const WORD = { lock: 0, thread: 1, closed: 2 } as const;
const WORDS = 3;

const handled = { installed: false };

/**
 * What threads share about a vCPU to stop it: who kicks writes immediate_exit first and signals the
 * vCPU's thread second. A signal that comes before KVM_RUN is lost, and immediate_exit then makes
 * KVM_RUN return at once; one that comes later interrupts it. So no kick is lost.
 */
export class KickState {
  /** The memory that threads share. */
  readonly shared: SharedArrayBuffer;
  /** Address of the vCPU's `struct kvm_run`, as two words, the low one first. */
  readonly run_address: readonly [low: number, high: number];
  readonly #words: Int32Array;
  readonly #run: Uint8Array;

  private constructor(
    shared: SharedArrayBuffer,
    run_address: readonly [number, number],
    run: Uint8Array,
  ) {
    this.shared = shared;
    this.run_address = run_address;
    this.#words = new Int32Array(shared);
    this.#run = run;
  }

  /** For the thread that runs the vCPU. */
  static create(run: ArrayBuffer, address: bigint): KickState {
    install_handler();
    const low = Number(address & 0xffff_ffffn);
    const high = Number(address >> 32n);
    return new KickState(new SharedArrayBuffer(4 * WORDS), [low, high], new Uint8Array(run));
  }

  /** Tells others which thread it is: the one that calls this. */
  on_this_thread(): void {
    Atomics.store(this.#words, WORD.thread, libc().gettid());
  }

  /** From the vCPU's own thread: the next KVM_RUN returns at once. */
  set(): void {
    this.#run[IMMEDIATE_EXIT] = 1;
  }

  /** From the vCPU's own thread, after KVM_RUN: whether there was a kick; forgets it. */
  take(): boolean {
    if (this.#run[IMMEDIATE_EXIT] === 0) return false;
    this.#run[IMMEDIATE_EXIT] = 0;
    return true;
  }

  /** `struct kvm_run` is about to be unmapped: later kicks do nothing. */
  close(): void {
    locked(this.#words, () => Atomics.store(this.#words, WORD.closed, 1));
  }
}

/** From any thread: kicks the vCPU that {@link KickState} describes. */
export function kick_vcpu(
  shared: SharedArrayBuffer,
  [low, high]: readonly [low: number, high: number],
): void {
  const words = new Int32Array(shared);
  locked(words, () => {
    if (Atomics.load(words, WORD.closed) !== 0) return;
    const address = (BigInt(high) << 32n) | BigInt(low);
    const run = Deno.UnsafePointer.create(address)!;
    new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(run, IMMEDIATE_EXIT + 1))[
      IMMEDIATE_EXIT
    ] = 1;
    const { getpid, tgkill } = libc();
    const thread = Atomics.load(words, WORD.thread);
    if (thread !== 0) tgkill(getpid(), thread, KICK_SIGNAL);
  });
}

/** Runs `body` while no other thread is in one: a few microseconds, so waiting threads spin. */
function locked(words: Int32Array, body: () => void): void {
  while (Atomics.compareExchange(words, WORD.lock, 0, 1) !== 0);
  try {
    body();
  } finally {
    Atomics.store(words, WORD.lock, 0);
  }
}

function install_handler(): void {
  if (handled.installed) return;
  handled.installed = true;
  // A handler must be native code; gettid, called with a signal number that it ignores, is harmless.
  const { signal, dlsym } = libc();
  signal(KICK_SIGNAL, dlsym(null, c_string("gettid")));
}
