import assert from "node:assert/strict";
import { type Listing, listing, source_of } from "../testing/listing.ts";
import { find_region, type Region } from "./region.ts";

const NOP = 0xe320f000, BX_LR = 0xe12fff1e, ADD = 0xe0800001;
const BEQ = 0x0a00_0000, BNE = 0x1a00_0000, B = 0xea00_0000, BL = 0xeb00_0000;

/** A32 branch `opcode` from one address to another. */
function branch(opcode: number, from: number, to: number): number {
  return (opcode | (((to - from - 8) >> 2) & 0xff_ffff)) >>> 0;
}

function find(code: Listing, entry = [...code.words.keys()][0]!): Region | undefined {
  return find_region(entry, code.thumb, source_of(code));
}

/** Blocks as "start..end -> successors' starts". */
function shape(region: Region | undefined): string[] {
  return region!.blocks.map(({ start, end, successors }) => {
    const to = successors.map((id) => region!.blocks[id]!.start.toString(16));
    return `${start.toString(16)}..${end.toString(16)} -> ${to.join(" ")}`.trim();
  });
}

Deno.test("A straight run of instructions is one block", () => {
  const region = find(listing([ADD, ADD, BX_LR]));
  assert.deepEqual(shape(region), ["0..c ->"]);
  assert.equal(region!.insns, 3);
});

Deno.test("A branch back into a run makes a block of its own where it leads", () => {
  const region = find(listing([ADD, ADD, branch(BNE, 8, 4), BX_LR]));
  assert.deepEqual(shape(region), ["0..4 -> 4", "4..c -> 4 c", "c..10 ->"]);
});

Deno.test("Both sides of a conditional branch are followed, and joined again", () => {
  const region = find(listing([
    branch(BEQ, 0, 0xc),
    ADD,
    branch(B, 8, 0x10),
    ADD,
    BX_LR,
  ]));
  assert.deepEqual(shape(region), ["0..4 -> c 4", "c..10 -> 10", "4..c -> 10", "10..14 ->"]);
});

Deno.test("Instructions that have not been executed are left out", () => {
  const region = find(listing([branch(BEQ, 0, 0x100), ADD]));
  assert.deepEqual(shape(region), ["0..4 -> 4", "4..8 ->"]);
  assert.equal(find(listing([NOP]), 0x40), undefined);
});

Deno.test("An instruction that cannot be translated ends the region before it", () => {
  const mcr = 0xee010f10, region = find(listing([ADD, ADD, mcr, ADD]));
  assert.deepEqual(shape(region), ["0..8 ->"]);
  assert.equal(find(listing([mcr, ADD])), undefined);
});

Deno.test("A page's end ends a block, and the next page goes on", () => {
  const region = find(listing([ADD, ADD, ADD, BX_LR], { at: 0xff8 }));
  assert.deepEqual(shape(region), ["ff8..1000 -> 1000", "1000..1008 ->"]);
});

Deno.test("A direct call is inlined, and its return goes back behind the call", () => {
  const region = find(listing([branch(BL, 0, 0x10), ADD, BX_LR, NOP, ADD, BX_LR]))!;
  assert.deepEqual(shape(region), ["0..4 -> 10", "4..c ->", "10..18 -> 4"]);
  const [main, , callee] = region.blocks;
  assert.equal(callee!.scope.parent, main!.scope);
  assert.equal(callee!.scope.return_to, 4);
  assert.equal(main!.insns[0]!.callee, callee!.scope);
});

Deno.test("Two calls of a function are inlined apart", () => {
  const region = find(listing([branch(BL, 0, 0x10), branch(BL, 4, 0x10), BX_LR, NOP, ADD, BX_LR]));
  assert.deepEqual(shape(region), [
    "0..4 -> 10",
    "4..8 -> 10",
    "8..c ->",
    "10..18 -> 4",
    "10..18 -> 8",
  ]);
});

Deno.test("A function that calls itself is not inlined into itself", () => {
  const region = find(listing([ADD, branch(BL, 4, 0), BX_LR]));
  assert.deepEqual(shape(region), ["0..8 ->"]);
  assert.equal(region!.blocks[0]!.insns[1]!.callee, undefined);
});

Deno.test("Calls are inlined four deep", () => {
  const code: number[] = [];
  for (let level = 0; level < 6; level++) {
    const at = level * 12;
    code.push(ADD, branch(BL, at + 4, at + 12), BX_LR);
  }
  code.push(ADD, BX_LR);
  const depths = find(listing(code))!.blocks.map((block) => block.scope.depth);
  assert.equal(Math.max(...depths), 4);
});

Deno.test("A conditional return within a block leads nowhere; the block goes on", () => {
  const region = find(listing([branch(BL, 0, 0x10), ADD, BX_LR, NOP, 0x012fff1e, ADD, BX_LR]));
  assert.deepEqual(shape(region), ["0..4 -> 10", "4..c ->", "10..1c -> 4"]);
});

Deno.test("A region has at most some hundred instructions, and a loop over all of them closes", () => {
  const code = new Array<number>(1000).fill(ADD);
  code.push(branch(B, 4000, 0));
  const region = find(listing(code))!;
  assert.ok(region.insns >= 100 && region.insns <= 400, `${region.insns}`);
  assert.deepEqual(shape(region), [`0..${(4 * region.insns).toString(16)} ->`]);
});

Deno.test("An IT block's instructions are conditional ones, and a branch in it goes both ways", () => {
  // ittee eq; addeq; addeq; addne; bne
  const code = listing([0xbf07, 0x3001, 0x3101, 0x3001, 0xe7fa, 0x4770], { thumb: true });
  const region = find(code)!;
  assert.deepEqual(region.blocks[0]!.insns.map((i) => i.insn.cond), [14, 0, 0, 1, 1]);
  assert.deepEqual(region.blocks.map(({ start }) => start), [0, 0xa]);
});

Deno.test("An IT block over a page's end stops there", () => {
  const code = listing([0xbf04, 0x3001, 0x3101, 0x4770], { thumb: true, at: 0xffc });
  const [block] = find(code)!.blocks;
  assert.equal(block!.insns.at(-1)!.it_goes_on, true);
  assert.deepEqual(shape(find(code)), ["ffc..1000 ->"]);
});

Deno.test("A computed branch has no target, and ends its block", () => {
  // tbb [pc, r0]
  const region = find(listing([0x2801, 0xe8dff000, 0x2000], { thumb: true }));
  assert.deepEqual(shape(region), ["0..6 ->"]);
});
