#!/bin/sh
# What captures may be handed in as: compressed, in files and through pipes; directories; files that grow.
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
	{ # in pieces, as a network gives them
		dd bs=7001 count=1 status=none
		sleep 0.1
		cat
	} <"$packed" | piped -T json -r -
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

# ---- no captures: one line, exit code 3, at once ----
no_capture() { # NAME FILE
	timeout -k 1 10 "$davscope" -r "$2" >"$work/out" 2>"$work/err" </dev/null
	same "$1" 3 $?
	same "$1: one line" 1 "$(wc -l <"$work/err")"
	same "$1: nothing else" 0 "$(wc -c <"$work/out")"
}
mkdir "$work/odd"
: >"$work/odd/empty"
head -c 23 $sample >"$work/odd/23"
head -c 100000 /dev/urandom | gzip >"$work/odd/packed"
for odd in empty 23 packed; do
	no_capture "$odd" "$work/odd/$odd"
done
no_capture "/dev/zero" /dev/zero
no_capture "not there" "$work/odd/none"
cp $sample "$work/odd/unreadable"
chmod 000 "$work/odd/unreadable"
if [ -r "$work/odd/unreadable" ]; then
	skipped=$((skipped + 1)) # root reads everything
else
	no_capture "unreadable" "$work/odd/unreadable"
fi
# Nobody writes, until somebody ends it.
mkfifo "$work/odd/fifo"
timeout -k 5 -s TERM 1 "$davscope" -r "$work/odd/fifo" >"$work/out" 2>"$work/err" </dev/null
same "pipe without a writer: ended by TERM" 124 $?

# ---- directories ----
mkdir "$work/dir" "$work/dir/below"
talk() { "$build/tests/tool/mkpcap" "samples/$1.talk" "$2" || fail "$1" "mkpcap"; }
talk kb923164-before "$work/b.pcap"
talk kb923164-after "$work/a.pcap"
zstd -qc "$work/b.pcap" >"$work/dir/3.zst"
cp "$work/a.pcap" "$work/dir/2.cap"
gzip -c $sample >"$work/dir/1.gz"
cp $sample "$work/dir/below"
echo text >"$work/dir/notes.txt"
run -T json -r "$work/dir"
same "directory" 0 $code
same "directory: what is said" "davscope: $work/dir: 1 of 4 files are no captures: notes.txt" "$(head -1 "$work/err")"
mv "$work/out" "$work/of_dir"
# By the time of the first packet, as one would name them by hand.
first() { # FILE
	"$davscope" -r "$1" -T fields -e ts 2>"$work/err" | head -1
}
order=$(for f in "$work/dir"/[123].*; do echo "$(first "$f") $f"; done | sort | sed 's/.* /-r /')
# shellcheck disable=SC2086 # words
run -T json $order
same_lines "directory as files" "$work/out" "$work/of_dir"
run -T json -r "$work/dir/"
same_lines "directory with a slash" "$work/out" "$work/of_dir"
run -q -r "$work/dir" -w "$work/slice.pcapng"
same "slice of a directory" 0 $code
mkdir "$work/none"
run -r "$work/none"
same "directory without captures" 3 $code
says "directory without captures" err "none: no capture in it"
run -r "$work/dir/below" -r "$work/dir/3.zst"
same "directory and file" 0 $code
mkdir "$work/many"
i=0
while [ $i -lt 150 ]; do
	cp "$work/a.pcap" "$work/many/$i"
	i=$((i + 1))
done
(
	# shellcheck disable=SC3045 # dash and busybox know it as well
	ulimit -Sn 64
	run -q -r "$work/many" -w "$work/slice.pcapng"
	exit $code
)
same "more files than descriptors" 0 $?

# ---- one file under several names ----
one() { # NAME SAID ARGUMENTS...: nothing is read twice
	which=$1 said=$2
	shift 2
	run -T json "$@"
	same "$which" 0 $code
	same "$which: what is said" "davscope: $said read once" "$(head -1 "$work/err")"
	same_lines "$which: as one" "$work/once" "$work/out"
}
run -T json -r "$work/a.pcap"
mv "$work/out" "$work/once"
mkdir "$work/same"
ln "$work/a.pcap" "$work/same/hard.pcap"
ln -s a.pcap "$work/link.pcap"
one "twice" "$work/a.pcap is named twice, and" -r "$work/a.pcap" -r "$work/a.pcap"
one "a link" \
	"$work/a.pcap and $work/link.pcap are one file, which is" -r "$work/a.pcap" -r "$work/link.pcap"
one "in a directory" \
	"$work/a.pcap and $work/same/hard.pcap are one file, which is" -r "$work/a.pcap" -r "$work/same"
one "a word behind" \
	"$work/a.pcap and $work/link.pcap are one file, which is" -r "$work/a.pcap" "$work/link.pcap"
"$davscope" -T json -r "$work/a.pcap" -r - <"$work/a.pcap" >"$work/out" 2>"$work/err"
same "standard input: what is said" "davscope: $work/a.pcap and - are one file, which is read once" "$(head -1 "$work/err")"
same_lines "standard input: as one" "$work/once" "$work/out"
run -q -r "$work/a.pcap" -r "$work/b.pcap"
mv "$work/out" "$work/once"
run -q -r "$work/a.pcap" -r "$work/b.pcap" -r "$work/link.pcap"
same_lines "one of three" "$work/once" "$work/out"
ln "$work/a.pcap" "$work/same/again.pcap"
run -q -r "$work/same" -w "$work/slice.pcapng"
same "two in a directory" "davscope: $work/same/again.pcap and $work/same/hard.pcap are one file, which is read once" \
	"$(head -1 "$work/err")"

# ---- --follow ----
lines() { # FILE AT-LEAST: until it has so many lines, but not for ever
	tries=0
	while [ "$(wc -l <"$work/$1")" -lt "$2" ] && [ $tries -lt 200 ]; do
		sleep 0.05
		tries=$((tries + 1))
	done
}
of_file() { # without the name of the one file in ids and evidence
	sed -e 's/grow.pcap://g' -e 's/"input":"[^"]*",//g' -e 's/"\(grow.pcap\|-\)"//g' "$1"
}
mkdir "$work/row"
head -c 20000 $sample >"$work/row/grow.pcap"
: >"$work/follow"
"$davscope" --follow -T json -r "$work/row/grow.pcap" >"$work/follow" 2>"$work/err" &
reader=$!
lines follow 8
same "follow: what is complete is shown" 0 $(($(wc -l <"$work/follow") < 8))
tail -c +20001 $sample | head -c 30003 >>"$work/row/grow.pcap"
lines follow 30
same "follow: more of it" 0 $(($(wc -l <"$work/follow") < 30))
tail -c +50004 $sample >>"$work/row/grow.pcap"
lines follow 400
kill -INT $reader
wait $reader
same "follow: interrupted" 0 $?
same "follow: nothing to say" "" "$(cat "$work/err")"
piped -T json -r - <$sample
of_file "$work/out" >"$work/whole"
of_file "$work/follow" >"$work/grown"
same_lines "follow: as if it had been whole" "$work/whole" "$work/grown"

# A row as tcpdump -C writes it; the first file has no number.
"$davscope" --follow -T json -r "$work/row/cap" >"$work/follow" 2>"$work/err"
same "follow: no such file" 3 $?
cp "$work/b.pcap" "$work/row/cap"
: >"$work/follow"
"$davscope" --follow -r "$work/row/cap" >"$work/follow" 2>"$work/err" &
reader=$!
lines follow 5
cp "$work/a.pcap" "$work/row/cap1.part"
mv "$work/row/cap1.part" "$work/row/cap1"
tries=0
until grep -q '^# cap1$' "$work/follow" || [ $tries -ge 200 ]; do
	sleep 0.05
	tries=$((tries + 1))
done
kill -TERM $reader
wait $reader
same "follow: a row" 0 $?
says "follow: a row" follow "# cap1"
# One that ends in the middle of a packet is damaged once there is another behind it, and that is said then.
head -c 20000 $sample >"$work/row/cut1"
: >"$work/err"
"$davscope" --follow -T json -r "$work/row/cut1" >"$work/follow" 2>"$work/err" &
reader=$!
lines follow 8
same "follow: it may still grow" "" "$(cat "$work/err")"
cp "$work/a.pcap" "$work/row/cut2"
lines err 1
says "follow: a cut file is told while it goes on" err "cut1: damaged at record"
kill -TERM $reader
wait $reader
same "follow: a cut file" 4 $?
same "follow: a cut file is told once" 1 "$(grep -c "damaged at record" "$work/err")"
run --follow -r $sample -r "$work/b.pcap"
same "follow: one file" 2 $code
run --follow -r - <$sample
same "follow: not standard input" 2 $code
run --follow -r "$work/dir"
same "follow: no directory" 2 $code
run --follow -r $sample -w "$work/slice.pcapng"
same "follow: no slice" 2 $code

closing
