set -eu
CGO_ENABLED=0 go build -v -trimpath -buildvcs=false -ldflags '-s -w' -o "$1/bin/otelcol" .
"$1/bin/otelcol" --version
