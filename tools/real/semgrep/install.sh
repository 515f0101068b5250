# No venv: its scripts hold the path at which it was made, and this folder is renamed.
set -eu
to=$1

python3 -m pip install -q --only-binary :all: --require-hashes -r requirements.txt --target "$to/lib" \
  --disable-pip-version-check --root-user-action ignore
# Compiled parts are of the Python that installed them, so that one runs them.
python=$(python3 -c 'import sys; print(sys.executable)')
mkdir "$to/bin"
cat >"$to/bin/semgrep" <<END
#!/bin/sh
here=\$(dirname "\$(readlink -f "\$0")")/..
# Otherwise it asks its maker whether there is a newer one, and waits minutes where that cannot be reached.
export SEMGREP_ENABLE_VERSION_CHECK=0 SEMGREP_SEND_METRICS=off
PYTHONPATH=\$here/lib PATH=\$here/lib/bin:\$PATH exec "$python" -P -W ignore "\$here/lib/bin/semgrep" "\$@"
END
chmod +x "$to/bin/semgrep"
"$to/bin/semgrep" --version
