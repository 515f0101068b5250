set -eu
to=$1

# helm and kubectl refuse a server whose version is unknown.
version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
major=${version%%.*}
minor=${version#*.}
stamps='-s -w'
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  stamps="$stamps -X $package.gitVersion=$version -X $package.gitMajor=${major#v} -X $package.gitMinor=${minor%%.*}"
  stamps="$stamps -X $package.gitTreeState=clean"
done
CGO_ENABLED=0 go build -v -trimpath -buildvcs=false -ldflags "$stamps" -o "$to/bin/" tool
# Go names a program after its folder, and etcd's is called server.
mv "$to/bin/server" "$to/bin/etcd"
"$to/bin/kube-apiserver" --version
"$to/bin/etcd" --version
