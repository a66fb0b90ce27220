import assert from "node:assert/strict";
import { Trend } from "./trend.ts";

Deno.test("A trend compares the last third with the first, whatever single values do", () => {
  const trend = new Trend();
  for (const value of [10, 11]) trend.add(value);
  assert.equal(trend.growth, 1);
  for (const value of [90, 10, 10, 10, 20, 21, 19]) trend.add(value);
  assert.equal(trend.growth, 20 / 11);
});
