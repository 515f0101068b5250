set -eu
CGO_ENABLED=0 go build -v -trimpath -buildvcs=false -ldflags '-s -w' -o "$1/bin/" tool
"$1/bin/actionlint" -version
