import { SCRIPTS_MOUNT } from '../backup/store-pod';
import { SPOOL_MOUNT } from './backup-scripts';
import { serveScript } from './postgres-replica-scripts';
import { PREPARING } from './postgres-server';

/** For so long after it last told how far it is, the other server is taken to run: it tells each minute. */
const ALIVE_SECONDS = 180;

/**
 * Called by a standby with the name of a segment and where it wants it. It must never say that it cannot go on: the standby
 * asks again, and answers queries meanwhile.
 *
 * A segment that is not there yet says that all before it has been replayed. Where the other server has told of none that is
 * later, the standby is as that one was when it told so.
 */
const STANDBY_FETCH = `name=$1
bash ${SCRIPTS_MOUNT}/fetch.sh "$@" && exit 0
[ $? = 1 ] || exit 1
case $name in *[!0-9A-F]*) exit 1 ;; esac
export PATH=$PATH:/tools
read -r at last rest < <(rclone cat "$REMOTE/status/wal.sent" --retries 1 --contimeout 10s --log-level ERROR 2> /tmp/sent.log) || exit 1
# On another timeline, which it cannot follow, a standby would never get further.
if [ "\${last:0:8}" = "\${name:0:8}" ] && [[ \${last:8:16} < \${name:8:16} ]]; then
  echo "postgres_backup_standby_current_timestamp_seconds $at" > ${SPOOL_MOUNT}/standby.new
  mv ${SPOOL_MOUNT}/standby.new ${SPOOL_MOUNT}/standby.prom
fi
exit 1
`;

/**
 * Begins a server that stands by for another, or did so. What it does follows from what it finds:
 *
 * | the data                   | standing by                              | promoted                              |
 * | -------------------------- | ---------------------------------------- | ------------------------------------- |
 * | none                       | the newest base backup, then standing by | refused: there is nothing to promote  |
 * | of a standby               | standing by                              | replayed to the end, then a server    |
 * | of a server by itself      | refused: this is how one is fenced       | a server                              |
 */
const STANDBY = `. ${SCRIPTS_MOUNT}/lib.sh
data=$PGDATA
# The passwords of the Secret are for clients of this server; nobody is asked by this script.
unset PGPASSWORD
serve() { rm -f ${PREPARING}; exec sh ${SCRIPTS_MOUNT}/serve.sh "$@"; }

# Whether the other server has stopped: it said so, or has not said anything for long.
stopped() {
  local at last word
  read -r at last word < <(rclone cat "$REMOTE/status/wal.sent" --retries 1) || fail "$REMOTE does not answer, or nobody sent to it"
  [ "$word" = fenced ] || [ $(($(date +%s) - at)) -gt ${ALIVE_SECONDS} ]
}

promote() {
  until stopped; do
    say 'the other server still sends; stop it first, by standbyOf in its own settings or by taking its credentials away'
    sleep 10
  done
  touch "$data.promoting"
  rm -f "$data/standby.signal"
  recover "$data" latest "$@"
  say "promoted: the last transaction is of $(query 'SELECT pg_last_xact_replay_timestamp()')"
  # Passwords are those of the Secret here, whatever they are at the other server.
  PGHOST=/tmp PGUSER=postgres PGSSLMODE=disable bash /docker-entrypoint-initdb.d/10-roles.sh > /dev/null
  pg_ctl stop -D "$data" -m fast -w -t 600 > /dev/null
  rm -f "$data.promoting" ${SPOOL_MOUNT}/standby.prom
  say 'make a base backup at once: kubectl create job --from=cronjob/'"$SERVER-backup after-switch-over"
}

touch ${PREPARING}
rm -f ${SPOOL_MOUNT}/fenced
if [ "$PROMOTED" = true ]; then
  [ -s "$data/PG_VERSION" ] || fail "there is nothing to promote: the volume is empty. Take standbyOf out of the settings and restore, or stand by first"
  if [ -e "$data/standby.signal" ] || [ -e "$data.promoting" ]; then promote "$@"; fi
  serve "$@"
fi
if [ ! -s "$data/PG_VERSION" ]; then
  rm -rf "$data" "$data.part"
  choose_base latest
  fetch_base "$data.part"
  touch "$data.part/standby.signal"
  mv "$data.part" "$data"
fi
if [ ! -e "$data/standby.signal" ]; then
  touch ${SPOOL_MOUNT}/fenced
  fail "fenced: the data are of a server by itself, and are left as they are. To stand by with them given up: delete the volume claim of $SERVER-0 and the pod"
fi
serve "$@" -c "restore_command=bash ${SCRIPTS_MOUNT}/standby-fetch.sh %f %p"
`;

/** The scripts of a server that stands by, beside those of backups. */
export const standbyScripts = (tls: boolean): Record<string, string> => ({
  'serve.sh': serveScript(tls),
  'standby-fetch.sh': STANDBY_FETCH,
  'standby.sh': STANDBY,
});
