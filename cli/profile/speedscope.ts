/**
 * A guest's samples as a profile that speedscope opens, and as a short table.
 */
import type { GuestSamples } from "../../mod.ts";
import type { SymbolTable } from "./symbols.ts";

/** A profile in speedscope's file format, of its sampled kind. */
export interface SpeedscopeFile {
  readonly $schema: string;
  readonly exporter: string;
  readonly name: string;
  readonly shared: { readonly frames: readonly { readonly name: string }[] };
  readonly profiles: readonly {
    readonly type: "sampled";
    readonly name: string;
    readonly unit: "milliseconds";
    readonly startValue: number;
    readonly endValue: number;
    readonly samples: readonly (readonly number[])[];
    readonly weights: readonly number[];
  }[];
}

const USER_MODE = 0x10;
const IDLE = "idle";

/** How to make a profile. */
export interface ProfileOptions {
  /** What the guest is called. */
  readonly name: string;
  readonly symbols: SymbolTable;
}

/** Where a sample is: in which space, and there at what. */
function frames_of(pc: number, space: number, symbols: SymbolTable): string[] {
  const mode = space & 0x1f;
  if (mode === 0) return [IDLE];
  // What has no symbol is named after its page.
  const name = symbols.find(pc) ?? `0x${((pc & ~0xfff) >>> 0).toString(16).padStart(8, "0")}`;
  return mode === USER_MODE ? ["user", `address space ${space >>> 8}`, name] : ["kernel", name];
}

/** Samples as a speedscope file. Samples in a row with the same place become one. */
export function speedscope(
  { pc, space, ms }: GuestSamples,
  { name, symbols }: ProfileOptions,
): SpeedscopeFile {
  const numbers = new Map<string, number>();
  const frame = (text: string): number => {
    let number = numbers.get(text);
    if (number === undefined) numbers.set(text, number = numbers.size);
    return number;
  };
  const samples: number[][] = [], weights: number[] = [];
  let total = 0;
  for (let i = 0; i < pc.length; i++) {
    const stack = frames_of(pc[i]!, space[i]!, symbols).map(frame);
    const last = samples.at(-1);
    total += ms[i]!;
    if (last?.length === stack.length && last.every((f, n) => f === stack[n])) {
      weights[weights.length - 1]! += ms[i]!;
    } else {
      samples.push(stack);
      weights.push(ms[i]!);
    }
  }
  return {
    $schema: "https://www.speedscope.app/file-format-schema.json",
    exporter: "armvm",
    name,
    shared: { frames: [...numbers.keys()].map((text) => ({ name: text })) },
    profiles: [{
      type: "sampled",
      name,
      unit: "milliseconds",
      startValue: 0,
      endValue: round(total),
      samples,
      weights: weights.map(round),
    }],
  };
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** The places where most of the time went, as lines for a person. */
export function hottest(file: SpeedscopeFile, most: number): string[] {
  const { samples, weights, endValue } = file.profiles[0]!;
  const times = new Map<string, number>();
  samples.forEach((stack, i) => {
    const names = stack.map((f) => file.shared.frames[f]!.name);
    const place = names.length === 1 ? names[0]! : `${names.at(-1)} (${names[0]})`;
    times.set(place, (times.get(place) ?? 0) + weights[i]!);
  });
  return [...times].sort((a, b) => b[1] - a[1]).slice(0, most).map(([place, ms]) =>
    `${(100 * ms / endValue).toFixed(1).padStart(5)} %  ${place}`
  );
}
