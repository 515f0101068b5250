set -eu
to=$1

module=github.com/argoproj/argo-rollouts
version=$(go list -m -f '{{.Version}}' $module)
stamps="-s -w -X $module/utils/version.version=${version#v} -X $module/utils/version.gitTreeState=clean"
CGO_ENABLED=0 go build -v -trimpath -buildvcs=false -ldflags "$stamps" -o "$to/bin/" tool
# What the controller and those who promote may do where it is installed as its project says.
mkdir "$to/role"
from=$(go list -m -f '{{.Dir}}' $module)/manifests
cp "$from/role/argo-rollouts-clusterrole.yaml" "$from/base/argo-rollouts-aggregate-roles.yaml" "$to/role/"
chmod -R u+w "$to/role"
"$to/bin/rollouts-controller" --version
"$to/bin/kubectl-argo-rollouts" version
