#!/bin/sh
# armvm @VERSION@ for @TARGET@, in one file: this script, then a compressed archive of the runtime
# and the program. It unpacks itself once into a folder of the cache (ARMVM_CACHE, XDG_CACHE_HOME/armvm
# or ~/.cache/armvm), named after what is in it, and runs from there.
self=$0; [ -f "$self" ] || self=$(command -v "$0"); fail() { echo "armvm: $1" >&2; exit 3; }
[ "$(wc -c <"$self" 2>/dev/null)" -eq @SIZE@ ] || fail "this file is not whole; get it again"

digest=@DIGEST@
payload_at=@PAYLOAD_AT@
unpacked_size=@UNPACKED_SIZE@

run() {
  export DENO_DIR="$place/cache" DENO_NO_UPDATE_CHECK=1
  exec "$place/armvm" run --no-config --no-lock --no-remote --no-npm @FLAGS@ "$place/@MAIN@" "$@"
}

way_out="set ARMVM_CACHE to a folder that can be written and run from, with @ROOM@ MB free"

sha256() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum
  elif command -v shasum >/dev/null 2>&1; then shasum -a 256
  elif command -v openssl >/dev/null 2>&1; then openssl dgst -sha256 -r
  else fail "none of sha256sum, shasum and openssl is there to check this file with"
  fi
}

# A sum of this script. It costs little, so it is looked at with each start.
script_sum() { head -c "$payload_at" "$self" | cksum 2>/dev/null; }

payload() { tail -c "+$((payload_at + 1))" "$self"; }

# The file as it was before its digest was put in.
whole() {
  head -c "$payload_at" "$self" | sed "s/^digest=$digest\$/digest=@NO_DIGEST@/"
  payload
}

# A bar on a terminal, a line elsewhere, while the runtime arrives in $1.
progress() {
  if [ ! -t 2 ]; then
    echo "armvm: unpacking itself into $base, once" >&2
    return
  fi
  bar=##############################
  space=..............................
  while [ -d "$1" ] && [ ! -e "$1/done" ]; do
    size=$(wc -c 2>/dev/null <"$1/armvm" || echo 0)
    full=$((size * 30 / unpacked_size))
    printf '\rarmvm: unpacking itself, once [%.*s%.*s]' "$full" "$bar" "$((30 - full))" "$space" >&2
    sleep 0.1 2>/dev/null || sleep 1
  done
}

unpack() {
  umask 077
  mkdir -p "$base" 2>/dev/null && [ -w "$base" ] || fail "cannot write to $base; $way_out"
  lock=$base/$digest.lock
  while ! mkdir "$lock" 2>/dev/null; do
    # Somebody else unpacks: wait, unless it has died and left its lock.
    if [ -x "$place/ready" ]; then return; fi
    if [ ! -d "$lock" ]; then
      refused=$((${refused:-0} + 1))
      [ "$refused" -lt 20 ] || fail "cannot write to $base; $way_out"
    fi
    sleep 0.2 2>/dev/null || sleep 1
    owner=$(cat "$lock/owner" 2>/dev/null)
    if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then rm -rf "$lock"; fi
    waited=$((${waited:-0} + 1))
    # The lock only saves work: the renaming below keeps the cache right without it.
    if [ "$waited" -gt 600 ]; then rm -rf "$lock"; fi
  done
  echo "$$" >"$lock/owner"
  if [ -x "$place/ready" ]; then rm -rf "$lock"; return; fi

  for left in "$base/.$digest".*; do
    kill -0 "${left##*.}" 2>/dev/null || rm -rf "$left"
  done
  work=$base/.$digest.$$
  rm -rf "$work"
  trap 'rm -rf "$work" "$lock"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  mkdir "$work" 2>/dev/null || fail "cannot write to $base; $way_out"
  sum=$(whole | sha256) || exit 3
  [ "${sum%%[ *]*}" = "$digest" ] || fail "this file is damaged; get it again"
  progress "$work" &
  watcher=$!
  (payload | gzip -dc | (cd "$work" && tar -xf -)) 2>/dev/null || full=yes
  script_sum 2>/dev/null >"$work/done"
  wait "$watcher" 2>/dev/null
  if [ -t 2 ]; then printf '\r\033[K' >&2; fi
  if [ "${full:-}" ] || [ "$(cat "$work/done" 2>/dev/null)" != "$(script_sum)" ]; then fail "cannot unpack into $base, which is full or limited; $way_out"; fi
  "$work/armvm" --version >/dev/null 2>&1 ||
    fail "what was unpacked into $base does not run on this system (@NEEDS@); $way_out"
  mv "$work/done" "$work/ready" && chmod 700 "$work/ready"
  # Another's folder may have come in between: then ours lands inside of it, and goes away again.
  if [ ! -e "$place" ]; then mv "$work" "$place" 2>/dev/null; fi
  rm -rf "$place/.$digest.$$"
  trap - EXIT INT TERM HUP
  rm -rf "$work" "$lock"
  [ -x "$place/ready" ] || fail "cannot put the unpacked program into $base; $way_out"
}

if [ "${ARMVM_CACHE:-}" ]; then base=$ARMVM_CACHE
elif [ "${XDG_CACHE_HOME:-}" ]; then base=$XDG_CACHE_HOME/armvm
elif [ "${HOME:-}" ]; then base=$HOME/.cache/armvm
else fail "there is no home directory to unpack into; $way_out"
fi
case $base in /*) ;; *) base=$PWD/$base ;; esac
place=$base/$digest
if [ ! -x "$place/ready" ]; then unpack; fi
# Nobody else may have put it there.
[ -O "$place" ] || fail "$place belongs to somebody else; $way_out"
sum=
read -r sum <"$place/ready"
[ "$(script_sum)" = "$sum" ] || fail "this file is damaged; get it again"
run "$@"
exit
