set -eu
CGO_ENABLED=0 go build -v -trimpath -buildvcs=false -ldflags '-s -w' -o "$1/bin/render-operators" .
echo '{"kind": "AlertmanagerConfig", "metadata": {"name": "a", "namespace": "b"}}' | "$1/bin/render-operators" alertmanager
