import assert from "node:assert/strict";
import fc from "fast-check";
import { analyse } from "./control_flow.ts";
import type { Region } from "./region.ts";

/** A region that has nothing but edges: `successors[i]` are those of block `i`. */
function graph(successors: readonly (readonly number[])[]): Region {
  const blocks = successors.map((to, id) => ({ id, successors: to }));
  return { blocks } as unknown as Region;
}

/** Blocks that can be reached from block 0 without passing `without`. */
function reached(successors: readonly (readonly number[])[], without = -1): Set<number> {
  const seen = new Set<number>();
  const visit = (id: number): void => {
    if (id === without || seen.has(id)) return;
    seen.add(id);
    for (const to of successors[id]!) visit(to);
  };
  visit(0);
  return seen;
}

const graphs = fc.integer({ min: 1, max: 14 }).chain((size) =>
  fc.array(fc.array(fc.nat(size - 1), { maxLength: 3 }), { minLength: size, maxLength: size })
);

Deno.test("analyse() orders a diamond and finds where its branches merge", () => {
  const flow = analyse(graph([[1, 2], [3], [3], []]));
  assert.equal(flow.order.get(0), 0);
  assert.equal(flow.order.get(3), 3);
  assert.deepEqual([...flow.merges], [3]);
  assert.deepEqual([...flow.loops], []);
  assert.deepEqual([...flow.children.get(0)!].sort(), [1, 2, 3]);
  assert.ok(flow.dominates(0, 3));
  assert.ok(!flow.dominates(1, 3));
});

Deno.test("analyse() finds the headers of nested loops", () => {
  const flow = analyse(graph([[1], [2], [2, 3], [1, 4], []]));
  assert.deepEqual([...flow.loops].sort(), [1, 2]);
  assert.deepEqual([...flow.merges], []);
});

Deno.test("analyse() takes no loop with two entries for one", () => {
  const flow = analyse(graph([[1, 2], [2], [1, 3], []]));
  assert.deepEqual([...flow.loops], []);
});

Deno.test("analyse() leaves out blocks that cannot be reached", () => {
  const flow = analyse(graph([[2], [2], []]));
  assert.deepEqual([...flow.order.keys()].sort(), [0, 2]);
  assert.deepEqual([...flow.merges], []);
});

Deno.test("analyse() takes a block that branches to itself for a loop", () => {
  const flow = analyse(graph([[0]]));
  assert.deepEqual([...flow.loops], [0]);
  assert.ok(flow.dominates(0, 0));
});

Deno.test("A block dominates another when every path to it leads through", () => {
  fc.assert(fc.property(graphs, (successors) => {
    const flow = analyse(graph(successors));
    const all = reached(successors);
    assert.deepEqual(new Set(flow.order.keys()), all);
    for (const a of all) {
      const others = reached(successors, a);
      for (const b of all) assert.equal(flow.dominates(a, b), a === b || !others.has(b));
    }
  }));
});

Deno.test("The dominator tree has every block once, under its immediate dominator", () => {
  fc.assert(fc.property(graphs, (successors) => {
    const flow = analyse(graph(successors));
    const children = [...flow.children].flatMap(([parent, list]) =>
      list.map((child) => [parent, child] as const)
    );
    assert.equal(children.length, flow.order.size - 1);
    for (const [parent, child] of children) {
      assert.ok(parent !== child && flow.dominates(parent, child));
      for (const between of flow.order.keys()) {
        if (between === parent || between === child || !flow.dominates(between, child)) continue;
        assert.ok(flow.dominates(between, parent), "a nearer dominator");
      }
    }
  }));
});

Deno.test("Merges have several forward edges, loops a back edge from what they dominate", () => {
  fc.assert(fc.property(graphs, (successors) => {
    const flow = analyse(graph(successors));
    const order = (id: number): number => flow.order.get(id)!;
    for (const id of flow.order.keys()) {
      const from = [...flow.order.keys()].flatMap((p) =>
        successors[p]!.filter((to) => to === id).map(() => p)
      );
      assert.equal(flow.merges.has(id), from.filter((p) => order(p) < order(id)).length > 1);
      const back = from.some((p) => order(p) >= order(id) && flow.dominates(id, p));
      assert.equal(flow.loops.has(id), back);
    }
  }));
});
