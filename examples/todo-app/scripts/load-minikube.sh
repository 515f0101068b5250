#!/bin/sh
set -eu
HERE=$(cd "$(dirname "$0")" && pwd)
USAGE='Usage: load-minikube.sh [--help]

Copies the images of the Todo App from Docker into Minikube, where pods find them without a registry.

  DOCKER             the command that has the images, docker if not said
  MINIKUBE_PROFILE   the cluster, minikube if not said
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
need_minikube
for image in $IMAGES; do
  "$DOCKER" image inspect "$image" >/dev/null 2>&1 || fail "$image is not built; run: $HERE/build-images.sh"
done
for image in $IMAGES; do
  say "loading $image"
  minikube -p "$PROFILE" image load "$image" || fail "$image cannot be loaded; see above"
done
there=$(minikube -p "$PROFILE" image ls)
for image in $IMAGES; do
  printf '%s\n' "$there" | grep -Eq "(^|/)$image\$" || fail "$image was loaded, and minikube does not list it; run this again"
done
say "next: $HERE/deploy-dev.sh"
