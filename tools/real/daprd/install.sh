# Without the tag it panics at the start: the tag chooses its components.
set -eu
CGO_ENABLED=0 go build -v -trimpath -buildvcs=false -tags stablecomponents -ldflags '-s -w' -o "$1/bin/" tool
"$1/bin/daprd" --version
