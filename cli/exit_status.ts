/** The statuses `armvm` ends with; README and `--help` list them. */
export const EXIT_STATUS = {
  /** The guest powered itself off, or a command did what it was asked. */
  ok: 0,
  /** A bug in armvm. */
  internal_error: 1,
  /** An option or argument that cannot be understood or used. */
  usage: 2,
  /** A file that is not there or cannot be read or written. */
  file: 3,
  /** An image, initrd or device tree that cannot be booted. */
  bad_image: 4,
  /** The accelerator that was asked for is not to be had here. */
  accelerator: 5,
  /** The guest's kernel panicked. */
  panic: 6,
  /** `--timeout` passed. */
  timeout: 7,
  /** The guest asked for a reset under `--no-reboot`. */
  reset: 8,
  /** Ctrl-A x. */
  quit: 9,
  /** SIGHUP. */
  sighup: 129,
  /** SIGINT. */
  sigint: 130,
  /** SIGQUIT. */
  sigquit: 131,
  /** Nobody reads the standard output any more (SIGPIPE). */
  sigpipe: 141,
  /** SIGTERM. */
  sigterm: 143,
} as const;

/** One of {@link EXIT_STATUS}. */
export type ExitStatus = (typeof EXIT_STATUS)[keyof typeof EXIT_STATUS];

/** The table of `--help`. */
export const EXIT_STATUS_HELP = `Exit status:
  0    the guest powered off
  1    internal error
  2    wrong usage
  3    a file is missing or cannot be read or written
  4    a kernel, initrd or device tree that cannot be booted
  5    the accelerator is not available
  6    the guest's kernel panicked
  7    --timeout passed
  8    the guest reset under --no-reboot
  9    quit with Ctrl-A x
  129, 130, 131, 143  stopped by SIGHUP, SIGINT, SIGQUIT, SIGTERM; 141 standard output was closed`;

/** Ends the command: one line for the user, and a status. */
export class CliError extends Error {
  /** What `armvm` ends with. */
  readonly status: ExitStatus;

  /** Makes an error that prints as "armvm: MESSAGE". */
  constructor(status: ExitStatus, message: string) {
    super(message);
    this.name = "CliError";
    this.status = status;
  }
}
