set -eu
to=$1

module=github.com/argoproj/argo-cd/v3
version=$(go list -m -f '{{.Version}}' $module)
go mod download $module
from=$(go list -m -f '{{.Dir}}' $module)
# The application controller would show its metrics on every address, and no flag says otherwise: one word of it is changed.
mkdir "$to/bin" "$to/crds"
cp -r "$from" "$to/source"
chmod -R u+w "$to/source"
sed -i 's/"0\.0\.0\.0:%d"/"127.0.0.1:%d"/' "$to/source/controller/appcontroller.go"
! cmp -s "$from/controller/appcontroller.go" "$to/source/controller/appcontroller.go" || {
  echo 'the application controller listens elsewhere'
  exit 1
}
cp go.mod "$to/changed.mod"
cp go.sum "$to/changed.sum"
go mod edit -replace="$module=$to/source" "$to/changed.mod"

# One program under many names: what it is called says which part of Argo CD it is.
stamps="-s -w -X $module/common.version=${version#v} -X $module/common.gitTreeState=clean"
CGO_ENABLED=0 go build -v -trimpath -buildvcs=false -modfile "$to/changed.mod" -ldflags "$stamps" -o "$to/bin/argocd" $module/cmd
rm -r "$to/source" "$to/changed.mod" "$to/changed.sum"
for part in application-controller repo-server; do ln -s argocd "$to/bin/argocd-$part"; done
cp "$from/manifests/crds/"*-crd.yaml "$to/crds/"
chmod -R u+w "$to/crds"
"$to/bin/argocd" version --client
