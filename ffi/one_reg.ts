import { HypervisorError, KVM_REG_ARM64, reg_size } from "../hypervisor/mod.ts";
import { STRUCTS } from "./abi/structs.ts";
import { address_of, CStruct } from "./c_struct.ts";
import { call_failed } from "./errno.ts";
import type { KvmFd } from "./kvm_fd.ts";
import { reg_name } from "./reg_names.ts";
import { pieces_of } from "./regs32.ts";

/** Largest register there is: 2048 bits of SVE. */
const LARGEST = 256;
const E2BIG = -7;
const ARCHITECTURE = 0xff00_0000_0000_0000n;

/** A vCPU's registers by ONE_REG id. */
export class OneRegs {
  readonly #vcpu: KvmFd;
  readonly #value = new DataView(new ArrayBuffer(LARGEST));
  readonly #request = new CStruct(STRUCTS.kvm_one_reg);
  #aarch32 = false;

  /** The registers of the vCPU behind a file. */
  constructor(vcpu: KvmFd) {
    this.#vcpu = vcpu;
    this.#request.set("addr", address_of(new Uint8Array(this.#value.buffer)));
  }

  /** Whether 32-bit ARM's ids are known as well. */
  set aarch32(value: boolean) {
    this.#aarch32 = value;
  }

  /** The kernel's list. */
  list(): bigint[] {
    const probe = new CStruct(STRUCTS.kvm_reg_list);
    const answer = this.#vcpu.try_call("KVM_GET_REG_LIST", probe.bytes);
    if (answer < 0 && answer !== E2BIG) throw call_failed("KVM_GET_REG_LIST", -answer);
    const count = probe.get("n");
    const list = new CStruct(STRUCTS.kvm_reg_list, { values: { n: count }, extra: 8 * count });
    this.#vcpu.call("KVM_GET_REG_LIST", list.bytes);
    return [...new BigUint64Array(list.bytes.buffer, 8, list.get("n"))];
  }

  /** Reads a register. */
  get(id: bigint): bigint {
    const pieces = this.#aarch32 ? pieces_of(id) : undefined;
    if (pieces === undefined) return this.#get(id);
    return pieces.reduce(
      (value, { id, shift, mask }) => value | ((this.#get(id) >> shift) & mask),
      0n,
    );
  }

  /** Writes a register. */
  set(id: bigint, value: bigint): void {
    const pieces = this.#aarch32 ? pieces_of(id) : undefined;
    if (pieces === undefined) return this.#set(id, value);
    for (const { id, shift, mask, shared } of pieces) {
      const rest = shared ? this.#get(id) & ~(mask << shift) : 0n;
      this.#set(id, rest | ((value & mask) << shift));
    }
  }

  #get(id: bigint): bigint {
    const size = this.#prepare("KVM_GET_ONE_REG", id);
    for (let at = 0; at < Math.max(size, 8); at += 8) this.#value.setBigUint64(at, 0n, true);
    this.#call("KVM_GET_ONE_REG", id);
    let value = 0n;
    for (let at = Math.max(size, 8) - 8; at >= 0; at -= 8) {
      value = (value << 64n) | this.#value.getBigUint64(at, true);
    }
    return value;
  }

  #set(id: bigint, value: bigint): void {
    const size = this.#prepare("KVM_SET_ONE_REG", id);
    let rest = value;
    for (let at = 0; at < Math.max(size, 8); at += 8) {
      this.#value.setBigUint64(at, rest & 0xffff_ffff_ffff_ffffn, true);
      rest >>= 64n;
    }
    this.#call("KVM_SET_ONE_REG", id);
  }

  #call(name: "KVM_GET_ONE_REG" | "KVM_SET_ONE_REG", id: bigint): void {
    const result = this.#vcpu.try_call(name, this.#request.bytes);
    if (result < 0) throw call_failed(name, -result, reg_name(id));
  }

  #prepare(call: string, id: bigint): number {
    const size = reg_size(id);
    // The kernel answers EINVAL to ids of other architectures and ENOENT to those of its own.
    if ((id & ARCHITECTURE) !== KVM_REG_ARM64 || size > LARGEST) {
      throw new HypervisorError(call, "ENOENT", `there is no ${reg_name(id)}`);
    }
    this.#request.set("id", BigInt.asUintN(64, id));
    return size;
  }
}
