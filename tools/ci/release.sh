#!/bin/sh
# Packs what a release consists of into a folder: tools/ci/release.sh DIR VERSION
# manifests-VERSION.tar.gz (dist/, the same bytes for the same commit), sbom.cdx.json (every package of package-lock.json;
# those for development say so), images.txt, and SHA256SUMS of them.
set -eu
cd "$(dirname "$0")/../.."
to=${1:?usage: tools/ci/release.sh DIR VERSION}
version=${2:?usage: tools/ci/release.sh DIR VERSION}
mkdir -p "$to"
git archive --format=tar --prefix="manifests-$version/" HEAD dist | gzip -n >"$to/manifests-$version.tar.gz"
# Not --omit dev: npm 11 then also leaves out what both we and a tool for development need, such as cdk8s itself.
npm sbom --package-lock-only --sbom-format cyclonedx >"$to/sbom.cdx.json"
npm run --silent images >"$to/images.txt"
(cd "$to" && sha256sum "manifests-$version.tar.gz" sbom.cdx.json images.txt >SHA256SUMS)
ls -l "$to"
