/**
 * A small initramfs around Debian's static busybox, for the `boot` task, tests and benchmarks.
 *
 * Its `/init` mounts the kernel's file systems, prints `ARMVM-READY <uptime>` and does what words
 * on the kernel's command line ask for, then powers off:
 *
 * | word | does |
 * | --- | --- |
 * | `shell` | an interactive shell on the console, until it exits |
 * | `demo` | prints `uname -a` and `/proc/cpuinfo` |
 * | `bench=a,b` | runs `/bench/a`, `/bench/b`; `bencht=S`, `benchn=N`, `benchb=NAME` pass -t, -n, -b |
 * | `run=a,b` | runs `/extra/a`, `/extra/b`, printing each one's exit status |
 * | `modules=a,b` | inserts `/modules/a.ko`, `/modules/b.ko` first |
 * | `dmesg` | prints the kernel's log last, with levels |
 * | `reboot` | reboots in place of powering off |
 *
 * @module
 */
import { char_device, cpio_newc, type CpioEntry, directory, file, symlink } from "./cpio.ts";

const APPLETS = `ash awk basename blkid cat chmod chown chroot cksum clear cmp cp cpio cttyhack cut
date dd df diff dirname dmesg du echo egrep env expr false fdisk fgrep find free grep gunzip gzip head
hexdump hostname id ifconfig insmod ip kill killall less ln ls lsmod lsof md5sum mkdir mkfifo mknod
mktemp more mount mv nc nproc od paste ping poweroff printf ps pwd readlink reboot rm rmdir rmmod
route sed seq setsid sh sha1sum sha256sum sleep sort stat stty su sync tail tar tee test time top
touch tr true tty udhcpc umount uname uniq uptime usleep vi watch wc wget which xargs yes zcat`
  .split(/\s+/);

const INIT = `#!/bin/sh
export PATH=/bin HOME=/root TERM=\${TERM:-linux}
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev 2>/dev/null
mount -t tmpfs tmp /tmp
read up idle < /proc/uptime
echo "ARMVM-READY $up"

shell= demo= log= end=poweroff benches= runs= options=
for word in $(cat /proc/cmdline); do
  case $word in
    shell) shell=1 ;;
    demo) demo=1 ;;
    dmesg) log=1 ;;
    reboot) end=reboot ;;
    bench=*) benches=\${word#*=} ;;
    bencht=*) options="$options -t \${word#*=}" ;;
    benchn=*) options="$options -n \${word#*=}" ;;
    benchb=*) options="$options -b \${word#*=}" ;;
    run=*) runs=\${word#*=} ;;
    modules=*)
      for module in $(echo \${word#*=} | tr , ' '); do
        insmod /modules/$module.ko && echo "inserted $module"
      done ;;
  esac
done

if [ -n "$demo" ]; then
  uname -a
  cat /proc/cpuinfo
fi
for name in $(echo $runs | tr , ' '); do
  /extra/$name
  echo "ARMVM-RUN $name $?"
done
if [ -n "$benches" ]; then
  [ "$benches" = all ] && benches=$(ls /bench | tr '\\n' ,)
  for name in $(echo $benches | tr , ' '); do /bench/$name $options; done
  echo "ARMVM-BENCH-END"
fi
[ -n "$log" ] && dmesg -r
if [ -n "$shell" ]; then
  cd /root
  setsid cttyhack sh
fi
echo "ARMVM-OFF"
$end -f
`;

/** What goes into an initramfs besides busybox. */
export interface InitramfsOptions {
  /** Debian's static busybox for armhf. */
  readonly busybox: Uint8Array;
  /** More files, such as `file("bench/dhry", bytes, true)`; their folders must come first. */
  readonly entries?: readonly CpioEntry[];
}

/** Builds the archive, compressed with gzip. The same input gives the same bytes. */
export async function build_initramfs(
  options: InitramfsOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const folders = ["bin", "bench", "dev", "extra", "mnt", "modules", "proc", "root", "sys", "tmp"];
  const archive = cpio_newc([
    ...folders.map(directory),
    // The kernel opens this one for init's standard streams, before /init can mount devtmpfs.
    char_device("dev/console", 5, 1),
    char_device("dev/null", 1, 3),
    file("bin/busybox", options.busybox, true),
    ...APPLETS.map((name) => symlink(`bin/${name}`, "busybox")),
    file("init", INIT, true),
    ...options.entries ?? [],
  ]);
  return await gzip(archive);
}

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
