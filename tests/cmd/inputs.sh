#!/bin/sh
# What captures may be handed in as: compressed in files and through pipes.
set -u
here=$(dirname "$0")
davscope=${DAVSCOPE:-./davscope} build=${BUILD:-build}
work=$build/inputs
sample=samples/vdirsyncer-radicale.pcap
rm -rf "$work"
mkdir -p "$work" || exit 1
. "$here/../tool/checks.sh"

piped() { # ARGUMENTS...: as run, with standard input as it is
	"$davscope" "$@" >"$work/out" 2>"$work/err"
	code=$?
}

# ---- compressed ----
piped -T json -r - <$sample
mv "$work/out" "$work/expected"
gzip -c $sample >"$work/a.gz"
zstd -qc $sample >"$work/a.zst"
zstd -q --ultra -22 -c $sample >"$work/b.zst"
zstd -qc <$sample >"$work/c.zst"
lz4 -qc $sample >"$work/a.lz4"
lz4 -qc -B4 -BD -BX --content-size $sample >"$work/b.lz4"
for packed in "$work"/*.gz "$work"/*.zst "$work"/*.lz4; do
	name=${packed#"$work"/}
	run -T json -r "$packed"
	same "$name" 0 $code
	sed "s/\"$name\"/\"-\"/g" "$work/out" >"$work/named"
	same_lines "$name as a file" "$work/expected" "$work/named"
	# shellcheck disable=SC2002 # a pipe is what is tested
	cat "$packed" | piped -T json -r -
	same_lines "$name through a pipe" "$work/expected" "$work/out"
	cat "$packed" | { # in pieces, as a network gives them
		dd bs=7001 count=1 status=none
		sleep 0.1
		cat
	} | piped -T json -r -
	same_lines "$name in pieces" "$work/expected" "$work/out"
	run -r "$packed" -q -w "$work/slice.pcapng"
	same "$name: slice" 0 $code
	size=$(wc -c <"$packed")
	head -c $((size / 2)) "$packed" >"$work/cut"
	run -r "$work/cut"
	case $code in
	3) says "$name: cut" err "is cut short" ;; # a single block
	*) same "$name: cut" 4 $code ;;
	esac
	says "$name: cut" err "cut short"
done
head -c 30000 $sample | zstd -qc >"$work/two"
tail -c +30001 $sample | zstd -qc >>"$work/two"
piped -T json -r - <"$work/two"
same_lines "two frames" "$work/expected" "$work/out"

# 64 MiB of nothing, in a few kilobytes: four million empty packets, and no memory for them.
{
	printf '\324\303\262\241\2\0\4\0\0\0\0\0\0\0\0\0\377\377\0\0\1\0\0\0'
	head -c 67108864 /dev/zero
} | zstd -q -19 >"$work/bomb"
run -q -r "$work/bomb"
same "bomb" 0 $code
says "bomb" out "link.truncated 4194304"

# A window that is refused says so, and goes when it is asked for.
head -c 40000000 /dev/zero | cat $sample - | zstd -q --long=27 -c >"$work/long"
run -r "$work/long"
same "long window" 3 $code
says "long window" err "zstd needs a window of 134217728 bytes (limit unpack_window)"
run -q -r "$work/long" --limit unpack_window=128M
same "long window, allowed" 0 $code

closing
