set -eu
to=$1

python3 -m pip install -q --only-binary :all: --require-hashes -r requirements.txt --target "$to" \
  --disable-pip-version-check --root-user-action ignore
"$to/bin/zizmor" --version
