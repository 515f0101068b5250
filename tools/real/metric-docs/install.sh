# What exporters that do not run here say of their metrics, a file for each, from the Go modules of their own. modules.txt:
# module, and the file or folder that lists them.
set -eu
to=$1

while read -r module path; do
  # Outside of any module, so that no go.mod has a say; the checksum database has.
  from=$(cd "$to" && go mod download -json "$module" | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p')
  [ -n "$from" ] || { echo "go mod download $module gave no folder"; exit 1; }
  name=$(printf %s "${module%@*}" | sed 's|/v[0-9]*$||; s|.*/||')
  find "$from/$path" -type f \( -name '*.md' -o -name '*.go' \) ! -name '*_test.go' -exec cat {} + >"$to/$name.txt"
  [ -s "$to/$name.txt" ] || { echo "$module has nothing at $path"; exit 1; }
done <modules.txt
