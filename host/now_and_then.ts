const PROGRESS_MS = 40;

/** Passes on the first number, the last, and in between as many as a person can see. */
export function now_and_then(tell: (fraction: number) => void): (fraction: number) => void {
  let told = -Infinity;
  return (fraction) => {
    const now = performance.now();
    if (fraction < 1 && now - told < PROGRESS_MS) return;
    told = now;
    tell(fraction);
  };
}
