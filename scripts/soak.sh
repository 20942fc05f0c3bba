#!/bin/sh
# Loads a server of its own with CAPACITY calls/s for 20 s, with twice as many
# for SECONDS, and 5 s later with 200 calls/s. Prints what was completed.
set -eu
capacity=$1
seconds=$2
dir=$(mktemp -d)
go build -o "$dir/load" ./cmd/siptest-load
cat >"$dir/gatehouse.yaml" <<YAML
data: $dir/data
listen: [udp://127.0.0.1:25060]
console: 127.0.0.1:25061
log: {level: warn}
domains:
  - {name: example.test, deliver: "sip:127.0.0.1:25090", mode: enforce}
checks:
  rate: {source: 1000000/s, caller: 1000000/s, callee: 1000000/s, fan_out: 70/h}
limits:
  flood: {v4_host: 1000000/s burst 1000000, v4_net24: 1000000/s burst 1000000, v4_net16: 1000000/s burst 1000000}
YAML
bin/gatehouse --config "$dir/gatehouse.yaml" serve >"$dir/log" 2>&1 &
server=$!
trap 'kill $server; wait $server || true; rm -rf "$dir"' EXIT
sleep 1
run() {
	echo "== $1 calls/s for $2 s"
	"$dir/load" load --proxy=127.0.0.1:25060 --callee=127.0.0.1:25090 --rate="$1" --duration="$2s" --tail="$3s" || true
	grep -E 'VmRSS|VmHWM' "/proc/$server/status"
}
run "$capacity" 20 6
run $((2 * capacity)) "$seconds" 5
run 200 10 2
