#!/bin/sh
# Bundles a TypeScript program and runs it: tools/run.sh FILE [ARGUMENTS]
set -eu
program=$1
shift
bundle=.build/$(printf %s "${program%.ts}" | tr / -).js
node_modules/.bin/esbuild "$program" --bundle --packages=external --platform=node --target=node20 \
  --outfile="$bundle.$$" --log-level=warning
# Another run of the same program may be reading it.
mv "$bundle.$$" "$bundle"
exec node "$bundle" "$@"
