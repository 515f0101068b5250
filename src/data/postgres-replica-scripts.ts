import { PREPARING } from './postgres-server';
import { REPLICA_KEY, SECRETS_MOUNT } from './postgres-roles';
import { RELOADING_SERVER } from './postgres-tls';

/** Where the scripts of a replica are mounted. */
export const REPLICA_SCRIPTS_MOUNT = '/etc/replica';

/** How the server of a replica, or of a standby, is begun once it has its data. */
export const serveScript = (tls: boolean): string =>
  `${tls ? RELOADING_SERVER : 'exec docker-entrypoint.sh postgres "$@"'}\n`;

/**
 * Begins a replica: it copies the server that it follows where it has no data, or where that server does not keep any more
 * what these would need. The slot tells: as long as it is there and not lost, nothing is missing. A slot is not part of a
 * backup, so that a server that was restored has none, and its replicas copy it.
 *
 * Data are given up only for those of the same server, and never where they are a replica's no more.
 */
const REPLICA = `set -eu
say() { echo "replica: $*" >&2; }
fail() { say "$*"; exit 1; }
# A password that was replaced is in the file a minute or two later, and asked for at each new connection.
credentials() {
  (umask 077; printf '*:*:*:*:%s\\n' "$(cat ${SECRETS_MOUNT}/${REPLICA_KEY})" > /tmp/pgpass.new; mv /tmp/pgpass.new /tmp/pgpass)
}
ask() { psql --no-psqlrc --no-password -AtX --set ON_ERROR_STOP=1 --command "$1" "$PRIMARY"; }
slot=$(printf %s "$POD_NAME" | tr -c 'a-z0-9' _)
slot_state() { ask "SELECT coalesce(max(wal_status), 'missing') FROM pg_replication_slots WHERE slot_name = '$slot'"; }
identity_of_data() { LC_ALL=C pg_controldata "$PGDATA" | sed -n 's/^Database system identifier: *//p'; }

copy() {
  say "copying the server, for $1"
  until ask "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '$slot'" > /tmp/drop.log; do
    say "the slot $slot cannot be dropped yet"
    sleep 5
  done
  ask "SELECT pg_create_physical_replication_slot('$slot', true)" > /tmp/create.log
  rm -rf "$PGDATA" "$PGDATA.part"
  pg_basebackup --dbname="$PRIMARY" --pgdata="$PGDATA.part" --wal-method=stream --slot="$slot" --checkpoint=fast --no-password
  touch "$PGDATA.part/standby.signal"
  mv "$PGDATA.part" "$PGDATA"
  sync "$PGDATA"
  say 'copied'
}

touch ${PREPARING}
credentials
if [ -s "$PGDATA/PG_VERSION" ]; then
  [ -e "$PGDATA/standby.signal" ] || fail "the data are a replica's no more: it was promoted. Delete the volume claim of $POD_NAME and the pod to have a replica again"
  # Where the server does not answer, what is there can be read all the same.
  if identity=$(ask 'SELECT system_identifier FROM pg_control_system()'); then
    [ "$identity" = "$(identity_of_data)" ] || fail "the data are of another server than the one that answers now, and may be all that is left of it. Save them; then delete the volume claim of $POD_NAME and the pod"
    state=$(slot_state)
    case $state in missing | lost) copy "its slot is $state" ;; esac
  else
    say 'the server does not answer; beginning with what is there'
  fi
else
  until ask 'SELECT 1' > /tmp/ask.log; do
    say 'waiting for the server'
    sleep 2
  done
  copy 'there are no data yet'
fi

# Beside the server, which is its parent and would take its death by a signal for the crash of a session: so it is deaf to
# those that can be heard, and ends with 0. Without its slot a replica does not get further; begun again, it copies.
watch() {
  trap '' HUP INT TERM
  rounds=0
  while sleep "$WATCH_SECONDS"; do
    credentials
    [ -e "$PGDATA/standby.signal" ] || continue
    case $(slot_state 2> /tmp/watch.log || echo unknown) in
      missing | lost) rounds=$((rounds + 1)) ;;
      *) rounds=0 ;;
    esac
    if [ $rounds -ge 2 ]; then
      say "the slot $slot is lost; ending, to copy the server"
      kill -INT 1
      exit 0
    fi
  done
  exit 0
}
watch &
rm -f ${PREPARING}
exec sh ${REPLICA_SCRIPTS_MOUNT}/serve.sh "$@" \\
  -c primary_conninfo="$PRIMARY application_name=$POD_NAME" -c primary_slot_name="$slot"
`;

/** The scripts of a replica, by the names of their files. */
export const replicaScripts = (tls: boolean): Record<string, string> => ({
  'replica.sh': REPLICA,
  'serve.sh': serveScript(tls),
});
