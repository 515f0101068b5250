# shellcheck shell=sh
# What the scripts beside this file share; it does nothing by itself.

MANIFESTS=${TODO_MANIFESTS:-$(cd "$HERE/../../.." && pwd)/dist/todo-app/dev}
PROFILE=${MINIKUBE_PROFILE:-minikube}

say() { printf '%s\n' "$*"; }

# One line of what is wrong and what to do; codes: 1 something is missing, 2 wrong usage.
fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

usage() {
  say "$USAGE"
  exit "$1"
}

# Whether version $1 is at least $2, both MAJOR.MINOR or longer.
at_least() {
  major=${1%%.*}
  minor=${1#*.}
  minor=${minor%%[!0-9]*}
  [ "$major" -gt "${2%%.*}" ] || { [ "$major" -eq "${2%%.*}" ] && [ "$minor" -ge "${2#*.}" ]; }
}

# need TOOL VERSION WHERE-FROM COMMAND…: the command prints the version of the tool somewhere.
need() {
  tool=$1 least=$2 origin=$3
  shift 3
  command -v "$tool" >/dev/null 2>&1 || fail "$tool is not on the PATH; get it from $origin"
  found=$("$@" 2>/dev/null | sed -n 's/^[^0-9]*\([0-9][0-9]*\.[0-9][0-9]*\).*/\1/p' | head -n 1) || true
  [ -n "$found" ] || fail "$tool does not tell its version; does \"$*\" work?"
  at_least "$found" "$least" || fail "$tool is $found, expected $least or newer; get it from $origin"
}

need_minikube() {
  need minikube 1.32 https://minikube.sigs.k8s.io minikube version --short
  minikube -p "$PROFILE" status >/dev/null 2>&1 ||
    fail "minikube profile $PROFILE does not run; run: minikube start -p $PROFILE --cpus=4 --memory=8192 --cni=calico"
}

# The images that the manifests name, in order: what to build, load and run is said in overlays/ alone.
images() {
  [ -d "$MANIFESTS" ] || fail "$MANIFESTS is not there; run: npm run synth"
  found=$(sed -n 's/^ *image: *//p' "$MANIFESTS"/*.yaml | tr -d '"' | sort -u)
  for part in backend frontend; do
    image=$(printf '%s\n' "$found" | grep "todo-${part}[:@]" || true)
    case $image in
      '') fail "$MANIFESTS names no image todo-$part with a tag; set $part.image.tag in overlays/todo-app/dev.yaml, and run: npm run synth" ;;
      *:latest) fail "$image: nodes keep what they have under that tag; set $part.image.tag in overlays/todo-app/dev.yaml to another, and run: npm run synth" ;;
      *@*) fail "$image: a digest is known only after a push; remove $part.image.digest from overlays/todo-app/dev.yaml, and run: npm run synth" ;;
    esac
    printf '%s\n' "$image"
  done
}

# Images go by name between the parts: image_of backend "$IMAGES".
image_of() { printf '%s\n' "$2" | grep "todo-$1:"; }
