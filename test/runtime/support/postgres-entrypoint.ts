/** What the image's entrypoint does for a volume that is empty, with its socket where images have it. */
export const POSTGRES_ENTRYPOINT = `#!/usr/bin/env bash
set -eu
shift
set -- -c unix_socket_directories=/var/run/postgresql "$@"
export PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA"
  initdb -U "$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" $POSTGRES_INITDB_ARGS -D "$PGDATA" > /dev/null
  pg_ctl -D "$PGDATA" -o "$(printf '%q ' "$@" -c listen_addresses= -p 5432)" -l /tmp/first.log -w start > /dev/null || { cat /tmp/first.log; exit 1; }
  psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d postgres -c "CREATE DATABASE \\"$POSTGRES_DB\\"" > /dev/null
  for script in /docker-entrypoint-initdb.d/*; do . "$script" > /dev/null; done
  pg_ctl -D "$PGDATA" -m fast -w stop > /dev/null
fi
exec postgres -c "listen_addresses=*" "$@"
`;
