import { gzipSync } from "node:zlib";
import { guest_file, type GuestName, why_missing } from "../../tools/fetch_guests.ts";
import { build_initramfs } from "../../tools/initramfs.ts";

/** Files of the suite, in the order in which they run. */
export const SUITE: readonly string[] = ["contract", "refusals", "registers", "runs", "boots"]
  .map((name) => `tests/kvm/inside/${name}.ts`);

/** The guests that the suite boots, by their paths in the project's folder. */
export async function suite_guests(
  log: (line: string) => void,
): Promise<Record<string, Uint8Array>> {
  const read = async (name: GuestName): Promise<Uint8Array> => {
    const path = await guest_file(name, { log });
    if (path === undefined) throw new Error(`Cannot get ${name}: ${why_missing(name)}`);
    return await Deno.readFile(path);
  };
  const busybox = await read("busybox-arm64");
  return {
    "guests/zImage": await read("zImage-armmp"),
    "guests/initramfs-armhf": await read("initramfs.cpio.gz"),
    "guests/Image.gz": gzipSync(await read("Image-arm64"), { level: 1 }),
    "guests/initramfs-arm64": await build_initramfs({ busybox }),
  };
}
