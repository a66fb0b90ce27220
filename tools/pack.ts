/**
 * The `pack` task: the npm package, `dist/armvm-<version>.tgz`.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { npm_pack } from "../packaging/npm.ts";

if (import.meta.main) {
  console.log(await npm_pack(fileURLToPath(new URL("../dist", import.meta.url))));
}
