import { type ErrnoName, HypervisorError } from "../hypervisor/mod.ts";
import { ImageError, type ImageErrorCode } from "../machine/boot/error.ts";
import type { WireError } from "./protocol.ts";

export { ImageError };

/** The accelerator that was asked for cannot run this machine here; the message says why. */
export class AcceleratorError extends Error {
  /** Makes an error that reads "Cannot use NAME: WHY". */
  constructor(name: string, why: string) {
    super(`Cannot use ${name}: ${why}`);
    this.name = "AcceleratorError";
  }
}

/** What another thread needs to make the same error again. */
export function to_wire(error: unknown): WireError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message, stack } = error;
  if (error instanceof ImageError) return { name, message, code: error.code };
  if (error instanceof HypervisorError) {
    return { name, message, call: error.call, errno: error.errno };
  }
  return { name, message, ...(stack === undefined ? {} : { stack }) };
}

/** The error that another thread sent. */
export function from_wire(wire: WireError): Error {
  switch (wire.name) {
    case "ImageError":
      return new ImageError(wire.code as ImageErrorCode, wire.message);
    case "HypervisorError":
      return Object.assign(
        new HypervisorError(wire.call ?? "", (wire.errno ?? "EINVAL") as ErrnoName, ""),
        { message: wire.message },
      );
    case "AcceleratorError":
      return Object.assign(new AcceleratorError("", ""), { message: wire.message });
    case "RangeError":
      return new RangeError(wire.message);
    case "TypeError":
      return new TypeError(wire.message);
    default: {
      const error = new Error(wire.message);
      if (wire.stack !== undefined) error.stack = wire.stack;
      return error;
    }
  }
}
