#!/bin/sh
# Runs an example, which prints its manifests: tools/example.sh NAME
set -eu
cd "$(dirname "$0")/.."
program=examples/${1:-}/main.ts
if [ ! -f "$program" ]; then
  printf 'usage: npm run example -- NAME, with one of:\n' >&2
  printf '  %s\n' examples/*/main.ts | sed 's|examples/||; s|/main.ts||' >&2
  exit 2
fi
exec sh tools/run.sh "$program"
