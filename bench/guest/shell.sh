#!/bin/sh
# Everyday work of a small system, timed with timeit: busybox's shell, tools and pipelines.
time_it() {
  /bench/timeit "$@"
}
cp /bin/busybox /tmp/seed
time_it sh_mk16 sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13; do cat /tmp/seed; done | head -c 16000000 > /tmp/d16'
time_it sh_loop sh -c 'i=0; s=0; while [ $i -lt 20000 ]; do s=$((s+i*3)); i=$((i+1)); done; echo $s'
time_it sh_gzip sh -c 'gzip -c /tmp/d16 > /tmp/d16.gz'
time_it sh_gunzip sh -c 'gunzip -c /tmp/d16.gz > /dev/null'
time_it sh_sha256 sha256sum /tmp/d16
time_it sh_awk awk 'BEGIN{for(i=0;i<150000;i++){a[i%997]+=i*1.5; s=s+length(i "")}; print s, a[5]}'
time_it sh_sort sh -c 'seq 1 40000 | awk "{print (\$1*7919)%40009, \$1}" | sort -n | uniq | wc -l'
time_it sh_spawn sh -c 'i=0; while [ $i -lt 100 ]; do /bin/cat /proc/uptime >/dev/null; i=$((i+1)); done'
