import { STRUCTS } from "./abi/structs.ts";
import { address_of, CStruct } from "./c_struct.ts";
import type { KvmFd } from "./kvm_fd.ts";

/** Names an attribute of a device or a vCPU. */
export interface Attribute {
  /** Its group. */
  readonly group: number;
  /** Which one of the group. */
  readonly attr: number | bigint;
}

/** The attributes of a device or a vCPU, each a value of up to 64 bits. */
export class DeviceAttributes {
  readonly #file: KvmFd;
  readonly #request = new CStruct(STRUCTS.kvm_device_attr);
  readonly #value = new DataView(new ArrayBuffer(8));

  /** The attributes of `file`. */
  constructor(file: KvmFd) {
    this.#file = file;
    this.#request.set("addr", address_of(new Uint8Array(this.#value.buffer)));
  }

  /** Whether there is such an attribute. */
  has(attribute: Attribute): boolean {
    return this.#file.try_call("KVM_HAS_DEVICE_ATTR", this.#ask(attribute)) >= 0;
  }

  /** Reads one. */
  get(attribute: Attribute): bigint {
    this.#value.setBigUint64(0, 0n, true);
    this.#file.call("KVM_GET_DEVICE_ATTR", this.#ask(attribute), name_of(attribute));
    return this.#value.getBigUint64(0, true);
  }

  /** Writes one. The kernel takes as many bytes as the attribute has. */
  set(attribute: Attribute, value: number | bigint = 0): void {
    this.#value.setBigUint64(0, BigInt(value), true);
    this.#file.call("KVM_SET_DEVICE_ATTR", this.#ask(attribute), name_of(attribute));
  }

  #ask({ group, attr }: Attribute): Uint8Array<ArrayBuffer> {
    this.#request.set("group", group);
    this.#request.set("attr", attr);
    return this.#request.bytes;
  }
}

function name_of({ group, attr }: Attribute): string {
  return `group ${group}, attribute 0x${attr.toString(16)}`;
}
