set -eu
CGO_ENABLED=0 go build -v -trimpath -buildvcs=false -ldflags '-s -w' -o "$1/bin/dockerfile" .
echo "FROM scratch" >"$1/smallest" && "$1/bin/dockerfile" "$1/smallest"
