# No venv: its scripts hold the path at which it was made, and this folder is renamed.
set -eu
to=$1

python3 -m pip install -q --only-binary :all: --require-hashes -r requirements.txt --target "$to/lib" \
  --disable-pip-version-check --root-user-action ignore
# Compiled parts are of the Python that installed them, so that one runs them.
python=$(python3 -c 'import sys; print(sys.executable)')
rm -r "$to/lib/bin"
mkdir "$to/bin"
cat >"$to/bin/checkov" <<END
#!/bin/sh
here=\$(dirname "\$(readlink -f "\$0")")/..
# Otherwise it asks its maker for guidelines.
export BC_SKIP_MAPPING=TRUE
PYTHONPATH=\$here/lib exec "$python" -sP -W ignore::SyntaxWarning -m checkov.main "\$@"
END
chmod +x "$to/bin/checkov"
"$to/bin/checkov" --version
