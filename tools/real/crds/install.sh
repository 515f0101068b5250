# CustomResourceDefinitions, a folder for each project, from the Go modules that carry them. modules.txt: module, folder.
set -eu
to=$1

while read -r module folder; do
  # Outside of any module, so that no go.mod has a say; the checksum database has.
  from=$(cd "$to" && go mod download -json "$module" | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p')
  [ -n "$from" ] || { echo "go mod download $module gave no folder"; exit 1; }
  name=${module%@*}
  # A major version is no name.
  name=${name%/v[0-9]}
  mkdir "$to/$(basename "$name")"
  cp "$from/$folder"/*.yaml "$to/$(basename "$name")/"
done <modules.txt
# It only lists the others.
rm -f "$to"/*/kustomization.yaml
chmod -R u+w "$to"
