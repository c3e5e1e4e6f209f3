#!/bin/sh
# Runs each fuzz entry point over its seeds; a crash or an abort is a failure.
set -eu
source=${GATEPOST_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${GATEPOST_BUILD:-$source}
for name in address author authpolicy authres journal settings; do
	if [ $name = authpolicy ] && [ ! -x "$build/tests/fuzz/fuzz-$name" ]; then
		echo "fuzz-$name: not built, there is no libmicrohttpd"
		continue
	fi
	"$build/tests/fuzz/fuzz-$name" "$source/tests/fuzz/seeds-$name"/*
	echo "fuzz-$name: $(ls "$source/tests/fuzz/seeds-$name" | wc -l) seeds"
done
