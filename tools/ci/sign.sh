#!/bin/sh
# Signs the files of a release, each into FILE.sigstore.json beside it: tools/ci/sign.sh FILE…
#   COSIGN_KEY   a key of cosign's, with COSIGN_PASSWORD; the signature is then told to nobody.
# Without a key the identity of the CI job signs, by Sigstore, whose public log names the repository and its workflow.
set -eu
[ $# -gt 0 ] || { echo 'usage: tools/ci/sign.sh FILE…' >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for file; do
  if [ -n "${COSIGN_KEY:-}" ]; then
    # No log, no time stamps: a configuration that names no service.
    echo '{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogConfig":{},"tsaConfig":{}}' >"$work/config"
    cosign sign-blob --yes --key "$COSIGN_KEY" --signing-config "$work/config" --bundle "$file.sigstore.json" "$file"
  else
    cosign sign-blob --yes --bundle "$file.sigstore.json" "$file"
  fi
done
