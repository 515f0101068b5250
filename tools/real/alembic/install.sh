# No venv: its scripts hold the path at which it was made, and this folder is renamed.
set -eu
to=$1

python3 -m pip install -q --only-binary :all: --require-hashes -r requirements.txt --target "$to/lib" \
  --disable-pip-version-check --root-user-action ignore
# Compiled parts are of the Python that installed them, so that one runs them.
python=$(python3 -c 'import sys; print(sys.executable)')
rm -r "$to/lib/bin"
mkdir "$to/bin"
cat >"$to/bin/python" <<END
#!/bin/sh
here=\$(dirname "\$(readlink -f "\$0")")/..
PYTHONPATH=\$here/lib PYTHONDONTWRITEBYTECODE=1 exec "$python" "\$@"
END
cat >"$to/bin/alembic" <<'END'
#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/python" -m alembic.config "$@"
END
chmod +x "$to/bin/python" "$to/bin/alembic"
"$to/bin/alembic" --version
