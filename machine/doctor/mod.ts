/**
 * The doctor: what an image and an initrd are, what they lack on this machine, and what command line
 * to use.
 *
 * @module
 */
export { type Diagnosis, examine_image, type Finding, type Patient } from "./examine.ts";
export { silence_reason, type SilentGuest } from "./silence.ts";
