#!/bin/sh
# Runs every fuzz target of the module for the given time, one after the other,
# and prints one line each.
set -eu
time=${1:-1m}
go list ./... | while read -r pkg; do
	go test -list '^Fuzz' "$pkg" 2>/dev/null | grep '^Fuzz' | while read -r target; do
		if out=$(go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$pkg" 2>&1 </dev/null); then
			execs=$(printf '%s\n' "$out" | grep -o 'execs: [0-9]*' | tail -n 1)
			echo "ok    $pkg $target $time ${execs:-}"
		else
			echo "FAIL  $pkg $target"
			printf '%s\n' "$out" | tail -n 30
			exit 1
		fi
	done
done
