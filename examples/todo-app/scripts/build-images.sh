#!/bin/sh
set -eu
HERE=$(cd "$(dirname "$0")" && pwd)
USAGE='Usage: build-images.sh [--help]

Builds the images of the Todo App from backend/ and frontend/, under the names that dist/todo-app/dev has for them.
Both get their names only when both are built and run as the users that the manifests say.

  DOCKER             the command that builds, docker if not said
  TODO_MANIFESTS     the manifests, dist/todo-app/dev if not said

Exit codes: 0 done, 1 could not be done, 2 wrong usage.'
# shellcheck source=common.sh
. "$HERE/common.sh"

case ${1-} in
  --help) usage 0 ;;
  '') ;;
  *) usage 2 >&2 ;;
esac

DOCKER=${DOCKER:-docker}
IMAGES=$(images)
need "$DOCKER" 23.0 https://docs.docker.com "$DOCKER" version --format '{{.Client.Version}}'
"$DOCKER" info >/dev/null 2>&1 || fail "$DOCKER has no server that answers; start Docker"

ids=$(mktemp -d)
trap 'rm -rf "$ids"' EXIT
trap 'exit 1' INT TERM

# build PART USER: makes an image without a name, and looks whether it runs as that user.
build() {
  say "building $(image_of "$1" "$IMAGES")"
  "$DOCKER" build --iidfile "$ids/$1" "$HERE/../$1" || fail "$1 cannot be built; see above"
  user=$("$DOCKER" image inspect --format '{{.Config.User}}' "$(cat "$ids/$1")")
  [ "${user%%:*}" = "$2" ] || fail "$1 runs as \"$user\", and the manifests say $2; mend USER in $1/Dockerfile"
}

# tell PART MEGABYTES: the size, beside the one that the application's owner expects.
tell() {
  size=$("$DOCKER" image inspect --format '{{.Size}}' "$(cat "$ids/$1")")
  megabytes=$((size / 1000000))
  say "$(image_of "$1" "$IMAGES"): $megabytes MB"
  [ "$megabytes" -lt "$2" ] || say "warning: expected less than $2 MB" >&2
}

build backend 10001
build frontend 1001
for part in backend frontend; do
  "$DOCKER" tag "$(cat "$ids/$part")" "$(image_of "$part" "$IMAGES")"
done
tell backend 200
tell frontend 150
say "next: $HERE/load-minikube.sh"
