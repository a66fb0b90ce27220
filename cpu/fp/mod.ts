/**
 * Exact IEEE 754 arithmetic with Arm's semantics, as pure functions over bit patterns.
 *
 * @module
 */
export * from "./convert.ts";
export * from "./env.ts";
export * from "./estimate.ts";
export * from "./f32.ts";
export * from "./f64.ts";
export * from "./neon_lanes.ts";
export * from "./vfp_arith.ts";
