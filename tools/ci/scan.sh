#!/bin/sh
# Scans for what must not be there: tools/ci/scan.sh secrets|code|dependencies|manifests|images
#   SINCE         commit or branch: secrets of later commits alone, images that came since alone
#   SEVERITY      for what Trivy finds (default: HIGH,CRITICAL)
#   SKIP_IMAGES   extended regular expression: images that are not scanned
set -eu
cd "$(dirname "$0")/../.."
severity=${SEVERITY:-HIGH,CRITICAL}

# A program of this machine, or ours of the same name, which is installed first: tools/real/NAME is its recipe.
program() {
  command -v "$1" && return
  folder=$(npm run --silent tools -- "$1" | tee /dev/stderr | sed -n 's/^.*: .*, \(\/.*\)$/\1/p' | tail -n 1)
  [ -x "$folder/bin/$1" ] || { echo "$1 cannot be installed" >&2; return 1; }
  echo "$folder/bin/$1"
}

need() {
  command -v "$1" >/dev/null || { echo "$1 is not on the PATH: install it first (docs/guides/ci.md)" >&2; exit 2; }
}

case "${1:-}" in
  secrets)
    gitleaks=$(program gitleaks)
    "$gitleaks" git --no-banner --redact ${SINCE:+"--log-opts=$SINCE..HEAD"} .
    ;;
  code)
    semgrep=$(program semgrep)
    # Rules of ours; more of them by SEMGREP_RULES, as a file or as a name that Semgrep fetches.
    "$semgrep" scan --metrics off --disable-version-check --error --quiet --config tools/ci/semgrep.yaml \
      ${SEMGREP_RULES:+--config "$SEMGREP_RULES"} main.ts src tools examples
    ;;
  dependencies)
    need trivy
    trivy fs --scanners vuln --severity "$severity" --ignore-unfixed --exit-code 1 .
    ;;
  manifests)
    need trivy
    trivy config --severity "$severity" --exit-code 1 dist
    ;;
  images)
    need trivy
    failed=0
    list=$(npm run --silent images -- ${SINCE:+--since "$SINCE"})
    for image in $list; do
      if [ -n "${SKIP_IMAGES:-}" ] && printf '%s\n' "$image" | grep -Eq -- "$SKIP_IMAGES"; then
        echo "not scanned, by SKIP_IMAGES: $image"
        continue
      fi
      trivy image --severity "$severity" --ignore-unfixed --exit-code 1 "$image" || failed=$((failed + 1))
    done
    [ "$failed" -eq 0 ] || { echo "$failed images have findings, or could not be fetched" >&2; exit 1; }
    ;;
  *)
    sed -n '2,5s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
