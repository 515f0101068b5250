# The model of dashboards that Grafana publishes, and the script that asks it.
set -eu
to=$1

python3 -m pip install -q --no-deps --only-binary :all: --require-hashes -r requirements.txt --target "$to/lib"
mkdir -p "$to/bin"
cp check.py "$to/bin/"
cat >"$to/bin/check-dashboard" <<END
#!/bin/sh
here=\$(dirname "\$(readlink -f "\$0")")
PYTHONPATH=\$here/../lib exec $(command -v python3) -B "\$here/check.py" "\$@"
END
chmod +x "$to/bin/check-dashboard"
echo '{"title":"none","panels":[]}' | "$to/bin/check-dashboard"
