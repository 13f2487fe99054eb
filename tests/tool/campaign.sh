#!/bin/sh
# The long counts: what `make test` does in small, with the figures to put into tests/CAMPAIGN.md.
# SCHEDULES, LOSSES, KILLS, MUTATIONS, SECONDS_LIVE and the sanitizer runs can be chosen:
# SANITIZERS="asan tsan", or empty.
set -u
: "${BUILD:=build}" "${SCHEDULES:=200000}" "${LOSSES:=100000}" "${KILLS:=200}" "${MUTATIONS:=10000}"
: "${SECONDS_LIVE:=600}" "${SANITIZERS=asan tsan}"
failed=0 passed=0

step() { # TITLE COMMAND...
	title=$1
	shift
	start=$(date +%s)
	if "$@" >"$BUILD/campaign.log" 2>&1; then
		passed=$((passed + 1)) verdict=ok
	else
		failed=$((failed + 1)) verdict=FAIL
		tail -n 20 "$BUILD/campaign.log"
	fi
	printf '%-4s %s: %s, %d s\n' "$verdict" "$title" "$(tail -n 1 "$BUILD/campaign.log")" \
		$(($(date +%s) - start))
}

step "$SCHEDULES random schedules" "$BUILD/tests/prop/schedules" "$SCHEDULES"
step "$LOSSES lossy captures" "$BUILD/tests/prop/loss" "$LOSSES"
step "$MUTATIONS damaged captures" env N="$MUTATIONS" ALL=1 tests/prop/hostile.sh
step 'captures cut, begun and clipped at every packet' env N=0 tests/prop/parts.py
step 'floods: 4 GB without an end, 5,000,000 SYNs' env SCALE=25 tests/prop/floods.py
step 'growth of all shapes' env TIMES=4 tests/tool/growth.sh
step '4000 lossy captures from after a fix' env N=4000 tests/prop/verify_loss.py
ways=$(for workers in 0 1 2 4 8; do for seed in 1 2 3 4 77; do echo $workers:$seed; done; done)
step 'workers and five hash seeds each' env WAYS="$ways" tests/prop/determinism.sh
step 'all clients with all servers, played' env EVERY=1 tests/play/roundtrip.sh
step "kill -9 at $KILLS moments" env N="$KILLS" SEED=2 tests/live/crash.py
step 'damaged messages, however they arrive' env N=10000000 tests/prop/feeds.sh
step 'pipelines against who made them' env N=200000 tests/prop/pairing.py
step 'secrets in sixteen places' env N=1000 tests/prop/readers.py
step '1000 kills while a file is written' env N=250 tests/cmd/outputs.py
step 'captures sent over interfaces: live as offline' tests/live/replay.py
step "half the rate that loses packets, for $SECONDS_LIVE s" \
	env SECONDS_LIVE="$SECONDS_LIVE" tests/live/flood.py
step 'sinks that are down, full or slow for a minute' \
	env OUTAGE=60 BURST=10000 DEADLINE=120 tests/live/sinks.py
step 'memory: a stream of 20 GB, a flood of SYNs' env STREAM=2600000 tests/bench/memory.sh
step 'everything else, as in make test' tests/tool/run_tests.sh
step 'lint, the analyzer without haste' env NODES=225000 make --no-print-directory lint
for kind in $SANITIZERS; do
	step "make check-$kind" make --no-print-directory "check-$kind"
	[ "$kind" = asan ] || continue
	step "$MUTATIONS damaged captures, sanitizers" env BUILD=build/asan DAVSCOPE=build/asan/davscope \
		MKPCAP=build/asan/tests/tool/mkpcap N="$MUTATIONS" SEED=1000000 ALL=1 tests/prop/hostile.sh
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
