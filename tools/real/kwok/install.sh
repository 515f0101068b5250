set -eu
CGO_ENABLED=0 go build -v -trimpath -buildvcs=false -ldflags '-s -w' -o "$1/bin/" tool
# It has no stages built in; they lie in its module.
cp -R "$(go list -m -f '{{.Dir}}' sigs.k8s.io/kwok)/kustomize/stage" "$1/stage"
chmod -R u+w "$1/stage"
"$1/bin/kwok" --version
