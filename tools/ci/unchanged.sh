#!/bin/sh
# Fails if dist/ is not what synth makes of the settings and the code: tools/ci/unchanged.sh
set -eu
cd "$(dirname "$0")/../.."
npm run --silent synth -- --quiet
changed=$(git status --porcelain -- dist)
[ -z "$changed" ] && exit 0
printf '%s\n' "$changed" >&2
echo 'dist/ is not what synth makes: run npm run synth, read the difference and commit it' >&2
exit 1
