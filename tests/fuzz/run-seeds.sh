#!/bin/sh
# Runs each fuzz entry point over its seeds; a crash or an abort is a failure.
set -eu
source=${GATEPOST_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${GATEPOST_BUILD:-$source}
for name in address author authres journal settings; do
	"$build/tests/fuzz/fuzz-$name" "$source/tests/fuzz/seeds-$name"/*
	echo "fuzz-$name: $(ls "$source/tests/fuzz/seeds-$name" | wc -l) seeds"
done
