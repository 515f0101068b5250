set -eu
to=$1

# One program under many names: what it is called says which part of Argo CD it is.
module=github.com/argoproj/argo-cd/v3
version=$(go list -m -f '{{.Version}}' $module)
stamps="-s -w -X $module/common.version=${version#v} -X $module/common.gitTreeState=clean"
mkdir "$to/bin"
CGO_ENABLED=0 go build -v -trimpath -buildvcs=false -ldflags "$stamps" -o "$to/bin/argocd" $module/cmd
for part in application-controller applicationset-controller repo-server; do ln -s argocd "$to/bin/argocd-$part"; done
# Its custom resources, and what its parts may do where it is installed as its project says.
from=$(go list -m -f '{{.Dir}}' $module)/manifests
mkdir "$to/crds"
cp "$from/crds/"*-crd.yaml "$to/crds/"
chmod -R u+w "$to/crds"
"$to/bin/argocd" version --client
