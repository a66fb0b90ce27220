import { demo_image } from "../guest/demo/image.ts";
import type { CpuModel } from "../mod.ts";
import { run_guest } from "./boot.ts";
import type { ExitStatus } from "./exit_status.ts";
import { Stopper } from "./stopper.ts";

/** Memory of the demonstration's machine, in bytes. */
export const DEMO_MEMORY = 64 << 20;

// Ctrl-D powers the guest off: so does the end of a piped input.
const POWER_OFF = Uint8Array.of(4);

/** Options of `armvm demo`, as the program parses them. */
export interface DemoOptions {
  readonly cpu: CpuModel;
  readonly accel: "auto" | "kvm" | "soft";
  readonly engine: "auto" | "translator" | "interpreter" | "reference";
  readonly timeout?: number | undefined;
  readonly quiet?: true | undefined;
  readonly verbose?: true | undefined;
}

/** `armvm demo`: runs the guest that is a part of armvm. */
export async function demo(options: DemoOptions): Promise<ExitStatus> {
  using stopper = new Stopper();
  const kernel = { bytes: demo_image(), name: "the demonstration" };
  return await run_guest({ kernel }, {
    ...options,
    append: "demo",
    memory: DEMO_MEMORY,
    reboot: true,
    unpack: true,
    console: { kind: "stdio" },
    input_end: POWER_OFF,
  }, stopper);
}
