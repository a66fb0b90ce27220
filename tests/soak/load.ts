/** What the soak's guest does, and what must come of it. */

/** A command, and what its output is called. */
export interface Load {
  readonly name: string;
  readonly command: string;
}

const LINES = 20_000;

/** Pipelines of busybox: processes, pipes, files, pages. */
export const PIPELINES: readonly Load[] = [
  { name: "sha256 of numbers", command: `seq 1 ${LINES} | sha256sum | cut -c 1-64` },
  {
    name: "gzip there and back",
    command: `seq 1 ${LINES} | gzip | gunzip | sha256sum | cut -c 1-64`,
  },
  {
    name: "sort",
    command: `seq ${LINES} -1 1 | sort -n | sha256sum | cut -c 1-64`,
  },
  { name: "awk", command: `seq 1 ${LINES} | awk '{ s += $1 } END { printf "%d\\n", s }'` },
  {
    name: "files",
    command: "cd /tmp && for i in $(seq 1 200); do echo $i > f$i; done && cat f* | wc -l && rm f*",
  },
  {
    name: "a large file",
    // Touches most of the memory, so that what is resident settles early.
    command: "dd if=/dev/zero of=/tmp/large bs=1M count=80 2>/dev/null; " +
      "wc -c < /tmp/large; rm /tmp/large",
  },
  { name: "processes", command: "for i in $(seq 1 200); do /bin/true; done; echo done" },
  { name: "a process of its own", command: "cat /proc/self/status | grep -c Name" },
];

async function sha256(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(bytes).toHex();
}

/** What some of the outputs are, computed here. */
export async function expected_outputs(): Promise<ReadonlyMap<string, string>> {
  const numbers = Array.from({ length: LINES }, (_, i) => `${i + 1}\n`).join("");
  const sum = await sha256(numbers);
  return new Map([
    ["sha256 of numbers", sum],
    ["gzip there and back", sum],
    ["sort", sum],
    ["awk", `${LINES * (LINES + 1) / 2}`],
    ["files", "200"],
    ["a large file", `${80 << 20}`],
    ["processes", "done"],
  ]);
}
