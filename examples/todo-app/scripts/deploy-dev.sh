#!/bin/sh
set -eu
HERE=$(cd "$(dirname "$0")" && pwd)
USAGE='Usage: deploy-dev.sh [--restart] [--help]

Applies dist/todo-app/dev to Minikube and waits until it is up. Everything is checked before anything is applied, and
nothing goes to another cluster than that of the profile. Run it as often as you like.

  --restart   replace the pods although the manifests are as before: images were built and loaded anew under their tag

  MINIKUBE_PROFILE   the cluster, minikube if not said
  TODO_MANIFESTS     the manifests, dist/todo-app/dev if not said
  TIMEOUT            how long to wait for each Deployment, 300s if not said

Exit codes: 0 done, 1 could not be done, 2 wrong usage.'
# shellcheck source=common.sh
. "$HERE/common.sh"

RESTART=
case ${1-} in
  --help) usage 0 ;;
  --restart) RESTART=yes ;;
  '') ;;
  *) usage 2 >&2 ;;
esac

NAMESPACE=todo-web-dev
HOST=todo-app.local
HEADERS='Content-Security-Policy,Referrer-Policy,X-Content-Type-Options,X-Frame-Options'

kube() { kubectl --context "$PROFILE" "$@"; }
ask() { kube get "$@" 2>/dev/null || true; }

# Of the first node: Minikube has one, and more do no harm.
check_size() {
  cpus=$(ask nodes -o 'jsonpath={.items[0].status.capacity.cpu}')
  memory=$(ask nodes -o 'jsonpath={.items[0].status.capacity.memory}')
  case $memory in
    *Ki) kibibytes=${memory%Ki} ;;
    *Mi) kibibytes=$((${memory%Mi} * 1024)) ;;
    *Gi) kibibytes=$((${memory%Gi} * 1048576)) ;;
    *) kibibytes=0 ;;
  esac
  # A machine of 8 GiB keeps some of it from what runs in it.
  if [ "${cpus:-0}" -lt 4 ] || [ "$kibibytes" -lt 7800000 ]; then
    fail "minikube has ${cpus:-0} CPUs and $((kibibytes / 1048576)) GiB, expected 4 and 8; run: minikube delete -p $PROFILE && minikube start -p $PROFILE --cpus=4 --memory=8192 --cni=calico"
  fi
}

check_cluster() {
  version=$(kube version 2>/dev/null | sed -n 's/^Server Version: v//p')
  [ -n "$version" ] || fail "context $PROFILE does not answer; run: minikube -p $PROFILE update-context"
  at_least "$version" 1.30 || fail "minikube runs Kubernetes $version, expected 1.30 or newer; add --kubernetes-version=stable to minikube start"
  check_size
  plugins=$(ask daemonsets -n kube-system -o name)
  case $plugins in
    *calico-node* | *cilium*) ;;
    *) fail "nothing in minikube enforces network policies; run: minikube delete -p $PROFILE && minikube start -p $PROFILE --cpus=4 --memory=8192 --cni=calico" ;;
  esac
}

check_ingress() {
  ready=$(ask deployment ingress-nginx-controller -n ingress-nginx -o 'jsonpath={.status.readyReplicas}')
  [ "${ready:-0}" -ge 1 ] || fail "the ingress controller is not ready; run: minikube -p $PROFILE addons enable ingress"
  allowed=$(ask configmap ingress-nginx-controller -n ingress-nginx -o 'jsonpath={.data.global-allowed-response-headers}')
  for header in $(printf %s "$HEADERS" | tr , ' '); do
    case ,$allowed, in
      *,"$header",*) ;;
      *) fail "the ingress controller may not send $header; run: kubectl --context $PROFILE -n ingress-nginx patch configmap ingress-nginx-controller --type merge -p '{\"data\":{\"global-allowed-response-headers\":\"$HEADERS\"}}'" ;;
    esac
  done
}

check_images() {
  there=$(minikube -p "$PROFILE" image ls)
  for image in $IMAGES; do
    printf '%s\n' "$there" | grep -Eq "(^|/)$image\$" || fail "$image is not in minikube; run: $HERE/build-images.sh && $HERE/load-minikube.sh"
  done
}

# Values are never read, only the names of their keys.
check_secret() {
  # shellcheck disable=SC2016 # these are variables of the template
  keys=$(ask secret todo-secrets -n "$NAMESPACE" -o 'go-template={{range $key, $value := .data}}{{$key}} {{end}}')
  for key in better-auth-secret database-url openai-api-key; do
    case " $keys" in
      *" $key "*) ;;
      *) fail "Secret todo-secrets has no $key; see \"Secrets\" in docs/guides/minikube.md, which begins with: kubectl --context $PROFILE apply -f $MANIFESTS/00-platform.k8s.yaml" ;;
    esac
  done
}

IMAGES=$(images)
need kubectl 1.30 https://kubernetes.io/docs/tasks/tools kubectl version --client
need_minikube
check_cluster
check_ingress
check_images
check_secret

kube apply -f "$MANIFESTS" || fail "not everything was applied; see above, mend it and run this again"
if [ -n "$RESTART" ]; then
  kube -n "$NAMESPACE" rollout restart deployment/todo-backend deployment/todo-frontend
fi
for name in todo-backend todo-frontend; do
  kube -n "$NAMESPACE" rollout status "deployment/$name" --timeout "${TIMEOUT:-300s}" ||
    fail "$name is not up after ${TIMEOUT:-300s}; run: kubectl --context $PROFILE -n $NAMESPACE describe pods -l app.kubernetes.io/name=$name"
done

address=$(minikube -p "$PROFILE" ip)
say "up. Either, with this line in /etc/hosts, http://$HOST"
say "  $address $HOST"
say 'or, until Ctrl-C, http://localhost:3000'
say "  kubectl --context $PROFILE -n $NAMESPACE port-forward service/todo-frontend 3000"
