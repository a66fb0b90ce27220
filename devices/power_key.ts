/** How long a press lasts: longer than Linux's gpio-keys debounces (5 ms), as QEMU's. */
const PRESS_MS = 100;

/** What a {@link PowerKey} is connected to. */
export interface PowerKeyOptions {
  /** The pin it pulls up while it is down. */
  readonly pin: (level: boolean) => void;
  /** A clock in milliseconds. */
  readonly now: () => number;
}

/** A push button on a GPIO pin that releases itself. */
export class PowerKey {
  readonly #pin: (level: boolean) => void;
  readonly #now: () => number;
  #release_at = Infinity;

  /** Makes a button that is up. */
  constructor(options: PowerKeyOptions) {
    this.#pin = options.pin;
    this.#now = options.now;
  }

  /** Pushes the button down; a later `poll()` lets it go. */
  press(): void {
    this.#release_at = this.#now() + PRESS_MS;
    this.#pin(true);
  }

  /** Lets the button go when it is time. */
  poll(): void {
    if (this.#now() >= this.#release_at) this.reset();
  }

  /** Lets the button go now. */
  reset(): void {
    this.#release_at = Infinity;
    this.#pin(false);
  }

  /** Milliseconds until `poll()` has something to do; Infinity when the button is up. */
  next_event_ms(): number {
    return this.#release_at === Infinity ? Infinity : Math.max(this.#release_at - this.#now(), 0);
  }
}
