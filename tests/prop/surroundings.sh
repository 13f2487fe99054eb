#!/bin/sh
# The same bytes out wherever it runs: another directory, environment, user, place in memory, and with eight
# workers over what is hostile in heads, XML and calendar objects.
set -u
davscope=$(realpath "${DAVSCOPE:-./davscope}")
build=${BUILD:-build}
work=$build/surroundings
rm -rf "$work"
mkdir -p "$work" || exit 1
. tests/tool/checks.sh

say() { # COMMAND...
	"$@" 2>&1 </dev/null
	echo "exit code $?"
}

# nobody may not be able to come to the build.
chmod 755 "$work"
cp "$davscope" "$work/davscope" # readable, wherever the program lies
user=
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null &&
	setpriv --reuid 65534 --regid 65534 --clear-groups "$work/davscope" --version >/dev/null 2>&1; then
	user='setpriv --reuid 65534 --regid 65534 --clear-groups'
else
	skipped=$((skipped + 1))
fi
still=
setarch -R true 2>/dev/null && still='setarch -R'
for sample in samples/davmail-exchange-webdav-stub.pcap samples/fault-strip-vdirsyncer.pcap; do
	file=$(realpath "$sample")
	for format in text json; do
		wanted=$(say "$davscope" -r "$file" -T $format | sha256sum)
		# shellcheck disable=SC2086 # words
		{
			same "$sample $format: elsewhere" "$wanted" "$(cd / && say env -i LC_ALL=tr_TR.UTF-8 TZ=Asia/Kathmandu \
				COLUMNS=20 MALLOC_PERTURB_=90 "$davscope" -r "$file" -T $format | sha256sum)"
			same "$sample $format: not moved" "$wanted" "$(say $still "$davscope" -r "$file" -T $format | sha256sum)"
			[ -z "$user" ] || same "$sample $format: somebody else" "$wanted" \
				"$(say $user "$work/davscope" -r "$file" -T $format | sha256sum)"
		}
	done
done

for shape in fields folds long_field pipelined chunks responses wide_tag deep_tags namespaces long_line folded_line \
	properties components; do
	"$build/tests/tool/shapes" $shape 3000 >"$work/in.pcap"
	same "$shape: eight workers" "$(say "$davscope" -r "$work/in.pcap" -T json --workers 0 | sha256sum)" \
		"$(say "$davscope" -r "$work/in.pcap" -T json --workers 8 | sha256sum)"
done
rm -rf "$work"
closing
