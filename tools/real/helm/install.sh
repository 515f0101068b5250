set -eu
helm=helm.sh/helm/v3

# As helm's own Makefile has it: else it takes Kubernetes 1.20 for the cluster's, where there is none.
minor=$(go list -m -f '{{.Version}}' k8s.io/client-go | cut -d. -f2)
stamps='-s -w'
for part in chartutil lint/rules; do
  stamps="$stamps -X $helm/pkg/$part.k8sVersionMajor=1 -X $helm/pkg/$part.k8sVersionMinor=$minor"
done

CGO_ENABLED=0 go build -v -trimpath -buildvcs=false -ldflags "$stamps" -o "$1/bin/" tool
"$1/bin/helm" version
