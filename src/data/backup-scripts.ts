import { SCRIPTS_MOUNT } from '../backup/store-pod';

/**
 * The scripts of backups and restores. They run in two images: `archive.sh` in the server's own container, `upload.sh` in
 * rclone's (BusyBox' shell), all others in the server's image (bash) with rclone beside it.
 *
 * In the store, below `$REMOTE`: `wal/<segment>.gz`, `base/<time>.tar.gz`, `base/<time>.done` with one line (name, end as
 * seconds since 1970, first segment, bytes) once a base backup is whole, `status/<what>.prom` with figures, and
 * `status/wal.sent` for who stands by: when all was sent last, the last segment then, and whether more will come.
 */

/** Where the volume is mounted on which write-ahead log waits for the store. */
export const SPOOL_MOUNT = '/backup';

/**
 * What is done once the server answers. Its checkpointer falls asleep before the start is over, for as long as
 * checkpoint_timeout, and does not heed archive_timeout until something wakes it: seen with a server that wrote little.
 */
export const wakeCheckpointer = (ready: string): string =>
  `(until ${ready}; do sleep 1; done; kill -HUP 1) > /dev/null 2>&1 &`;

/** Called by the server with a finished segment. Success is a promise: the file is on the volume, whatever happens next. */
const ARCHIVE = `set -eu
from=$1 to=${SPOOL_MOUNT}/spool/$2.gz
mkdir -p ${SPOOL_MOUNT}/spool
if [ -e "$to" ]; then
  # A server that was killed before it noted success offers the segment again.
  gunzip -c "$to" | cmp -s - "$from" && exit 0
  echo "archive: $2 is there with other content; do two servers write to ${SPOOL_MOUNT}?" >&2
  exit 1
fi
gzip -n -1 < "$from" > "$to.part"
sync "$to.part"
mv "$to.part" "$to"
sync ${SPOOL_MOUNT}/spool
# For who stands by: up to where all is sent once the spool is empty. History files and labels are not of that order.
case $2 in *[!0-9A-F]*) ;; *) echo "$2" > ${SPOOL_MOUNT}/last ;; esac
`;

/**
 * Sends what waits to the store, again and again, and answers Prometheus. A file leaves the volume once the store has it
 * whole; one that the store has with other content is never replaced.
 */
const UPLOAD = `set -u
mkdir -p ${SPOOL_MOUNT}/spool /tmp/metrics /tmp/status
rclone serve http /tmp/metrics --addr :"$METRICS_PORT" --read-only --dir-cache-time 1s --log-level ERROR &
stopping=
trap 'stopping=1' TERM INT
protected=0 failures=0 looked=0
# A round lasts minutes while the store is away: how much waits is told meanwhile.
tell() {
  {
    cat /tmp/round
    echo "postgres_backup_wal_waiting_files $(ls ${SPOOL_MOUNT}/spool | grep -c 'gz$')"
    echo "postgres_backup_rpo_seconds $RPO"
    echo "postgres_backup_rto_seconds $RTO"
    cat /tmp/status/*.prom ${SPOOL_MOUNT}/standby.prom 2> /dev/null
  } > /tmp/metrics.new
  mv /tmp/metrics.new /tmp/metrics/metrics
}
note() {
  echo "postgres_backup_wal_protected_timestamp_seconds $protected" > /tmp/round.new
  echo "postgres_backup_upload_failures $failures" >> /tmp/round.new
  mv /tmp/round.new /tmp/round
}
note
while :; do tell; sleep 2; done &
while :; do
  began=$(date +%s)
  last=$(cat ${SPOOL_MOUNT}/last 2> /dev/null) || last=none
  # Nobody writes beside us any more where a server that was fenced says so.
  [ -e ${SPOOL_MOUNT}/fenced ] && word=fenced || word=sent
  if rclone move ${SPOOL_MOUNT}/spool "$REMOTE/wal" --include '*.gz' --immutable --retries 1 \\
      --low-level-retries 3 --contimeout 10s --timeout 60s --max-duration 4m --log-level NOTICE; then
    protected=$began failures=0
  else
    failures=$((failures + 1))
    echo "upload: the store did not take everything; what is left waits on the volume, tried again" >&2
  fi
  note
  if [ $((began - looked)) -ge 60 ]; then
    [ "$protected" != "$began" ] || echo "$began $last $word" | rclone rcat "$REMOTE/status/wal.sent" --retries 1 --log-level NOTICE
    rclone sync "$REMOTE/status" /tmp/status --include '*.prom' --retries 1 --log-level ERROR 2> /tmp/sync.log || grep -v 'directory not found' /tmp/sync.log >&2
    looked=$began
  fi
  # The server beside us hands over its last segment while it shuts down: one more round after it.
  [ "$stopping" = 2 ] && exit 0
  if [ "$stopping" = 1 ]; then stopping=2; sleep 5; else sleep "$UPLOAD_INTERVAL" & wait $!; fi
done
`;

const LIB = `set -euo pipefail
say() { echo "$(date -u +%H:%M:%S) $*"; }
fail() { echo "$0: $*" >&2; exit 1; }

PGPASSWORD=$(cat /run/secrets/postgres/backup-password)
export PGPASSWORD PATH=$PATH:/tools

# ask QUERY: of the server that is backed up.
ask() { psql --no-psqlrc --no-password -AtX --set ON_ERROR_STOP=1 --command "$1"; }

# stored SEGMENT: whether the store has it.
stored() { [ -n "$(rclone lsf "$REMOTE/wal" --include "/$1.gz" 2> /dev/null)" ]; }

# publish WHAT: figures from stdin, for Prometheus.
publish() { rclone rcat "$REMOTE/status/$1.prom"; }

# choose_base TARGET: sets base and bytes to those of the newest base backup that ended by then, and limit to then.
choose_base() {
  local target=$1 name end wal size
  base= limit=9999999999
  if [ "$target" != latest ]; then
    limit=$(date -u -d "$target" +%s) || fail "RESTORE_TO: expected latest or a time in UTC such as 2026-11-21 09:30:00, got $target"
  fi
  while read -r name end wal size; do
    if [ "$end" -le "$limit" ]; then base=$name bytes=$size; fi
  done < <(rclone cat "$REMOTE/base" --include '*.done' | sort)
  [ -n "$base" ] || fail "$REMOTE has no base backup that ended by $target"
}

# fetch_base FOLDER: unpacks it there.
fetch_base() {
  mkdir -p "$1"
  chmod 700 "$1"
  say "base backup $base, about $((bytes / 1048576)) MiB"
  rclone cat "$REMOTE/base/$base.tar.gz" | gunzip | tar -x -C "$1" -f -
}

# recover FOLDER TARGET ARGUMENTS…: a server of its own replays write-ahead log up to the target; only this script can
# reach it. Ends when it is open for writing.
recover() {
  local data=$1 target=$2
  shift 2
  local arguments=("$@"
    -c listen_addresses= -c unix_socket_directories=/tmp -c hba_file=/tmp/hba.conf -c ssl=off
    -c "restore_command=bash ${SCRIPTS_MOUNT}/fetch.sh %f %p" -c "recovery_target_timeline=\${RESTORE_TIMELINE:-latest}")
  if [ "$target" != latest ]; then
    arguments+=(-c "recovery_target_time=$target+00" -c recovery_target_action=promote)
  fi
  echo 'local all all trust' > /tmp/hba.conf
  touch "$data/recovery.signal"
  postgres -D "$data" "\${arguments[@]}" &
  server=$!
  until [ "$(query 'SELECT pg_is_in_recovery()' 2> /dev/null)" = f ]; do
    kill -0 "$server" 2> /dev/null || fail "the server ended during recovery; its last lines say why"
    sleep 1
  done
}

# query SQL: of the server that recover started.
query() { PGHOST=/tmp PGUSER=postgres PGSSLMODE=disable psql --no-psqlrc -AtX --set ON_ERROR_STOP=1 --command "$1"; }
`;

/**
 * Called by a recovering server with the name of a segment and where it wants it. 1 says that there is none, which ends the
 * recovery; so a store that does not answer must say something else, which stops it.
 */
const FETCH = `name=$1 to=$2
export PATH=$PATH:/tools
# What does not reach the store any more waits on the volume, and what the old server had not handed over is in its own folder.
# The store comes first: beside it a new, empty server may have begun a volume with segments of the same names.
absent() {
  if [ -e ${SPOOL_MOUNT}/spool/"$name.gz" ]; then
    gunzip -c ${SPOOL_MOUNT}/spool/"$name.gz" > "$to.part" && mv "$to.part" "$to" && exit 0
    exit 200
  fi
  [ -e "\${OLD_WAL:-/none}/$name" ] || exit 1
  cp "$OLD_WAL/$name" "$to" && exit 0
  exit 200
}
for attempt in 1 2 3 4 5; do
  rclone copyto "$REMOTE/wal/$name.gz" /tmp/segment.gz --retries 1 --low-level-retries 3 --contimeout 10s --log-level ERROR 2> /tmp/fetch.log
  case $? in
    0)
      # Where there is no such object, rclone looks for a folder of this name and finds an empty one.
      [ -e /tmp/segment.gz ] || absent
      gunzip -c /tmp/segment.gz > "$to.part" && rm /tmp/segment.gz && mv "$to.part" "$to" && exit 0
      exit 200
      ;;
    3 | 4) absent ;;
  esac
  sleep $((attempt * 2))
done
cat /tmp/fetch.log >&2
exit 200
`;

/** A base backup, and what is older than the retention taken away. */
const BASE = `. ${SCRIPTS_MOUNT}/lib.sh
began=$(date +%s)
name=$(date -u +%Y%m%dT%H%M%SZ)
first=$(ask 'SELECT redo_wal_file FROM pg_control_checkpoint()')
bytes=$(ask 'SELECT sum(pg_database_size(oid)) FROM pg_database')
say "base backup $name of $((bytes / 1048576)) MiB"
trap 'rclone deletefile "$REMOTE/base/$name.tar.gz" 2> /dev/null || true' EXIT
pg_basebackup --pgdata=- --format=tar --wal-method=none --checkpoint=fast --compress=client-gzip:1 \\
  --label="$name" --no-password | rclone rcat "$REMOTE/base/$name.tar.gz"
last=$(ask 'SELECT last_archived_wal FROM pg_stat_archiver' | cut -c -24)
until stored "$last"; do
  say "waiting until the store has $last"
  sleep 5
done
ended=$(date +%s)
trap - EXIT
echo "$name $ended $first $bytes" | rclone rcat "$REMOTE/base/$name.done"
say "done in $((ended - began)) s"

# To go back to the beginning of the retention takes the newest base backup before it.
oldest=$(rclone cat "$REMOTE/base" --include '*.done' | sort |
  awk -v from=$((ended - RETENTION)) '{ if (NR == 1 || $2 <= from) { name = $1; wal = $3 } } END { print name, wal }')
read -r keep keep_wal <<< "$oldest"
rclone lsf "$REMOTE/base" | awk -v keep="$keep" 'substr($0, 1, 16) < keep' > /tmp/old-base
# Without the timeline, which is the first third of a segment's name. History files are small and kept.
rclone lsf "$REMOTE/wal" | awk -v keep="$keep_wal" 'length($0) >= 27 && substr($0, 9, 16) < substr(keep, 9)' > /tmp/old-wal
# Markers first: a base backup without one is none.
grep 'done$' /tmp/old-base > /tmp/old-markers || true
for list in old-markers old-base; do rclone delete "$REMOTE/base" --files-from /tmp/$list; done
rclone delete "$REMOTE/wal" --files-from /tmp/old-wal
say "removed $(wc -l < /tmp/old-markers) base backups and $(wc -l < /tmp/old-wal) segments older than $keep"
publish base << END
postgres_backup_base_timestamp_seconds $ended
postgres_backup_base_duration_seconds $((ended - began))
postgres_backup_base_bytes $bytes
END
`;

/** Brings the server's volume back to a point in time. What was there is kept beside it, unless that is not wanted. */
const RESTORE = `. ${SCRIPTS_MOUNT}/lib.sh
target=\${RESTORE_TO//[TZ]/ }
target=\${target%% }
data=$PGDATA
if pg_isready -q -t 3; then
  fail "$PGHOST answers; stop it first: kubectl scale statefulset/$PGHOST --replicas=0"
fi
began=$(date +%s)
choose_base "$target"
if [ -s "$data/PG_VERSION" ]; then
  export OLD_WAL=$data.wal
  rm -rf "$OLD_WAL"
  mkdir "$OLD_WAL"
  find "$data/pg_wal" -maxdepth 1 -type f -exec cp {} "$OLD_WAL" ';'
  if [ "$OLD_DATA" = delete ]; then
    say "the old data are deleted, as OLD_DATA says; what was not handed over of them is in $OLD_WAL"
    rm -rf "$data"
  else
    free=$(($(df -Pk "$(dirname "$data")" | awk 'NR == 2 { print $4 }') * 1024))
    if [ "$free" -lt $((bytes + bytes / 10)) ]; then
      fail "the old data are in the way: $((free / 1048576)) MiB are free, and $((bytes / 1048576)) MiB come; copy them elsewhere and set OLD_DATA=delete, or enlarge the volume"
    fi
    mv "$data" "$data.before-$(date -u +%Y%m%dT%H%M%SZ)"
  fi
fi
rm -rf "$data"
fetch_base "$data.part"
fetched=$(date +%s)
mv "$data.part" "$data"
recover "$data" "$target" "$@"
replayed=$(query 'SELECT pg_last_xact_replay_timestamp()')
recovered=$(date +%s)
say "recovered: the last transaction is of \${replayed:-before the base backup}"
if [ "$target" != latest ]; then
  # Base backups of what is given up: write-ahead log from now on does not continue them.
  rclone lsf "$REMOTE/base" --include '*.done' | while read -r marker; do
    read -r name end rest < <(rclone cat "$REMOTE/base/$marker")
    if [ "$end" -gt "$limit" ]; then rclone moveto "$REMOTE/base/$marker" "$REMOTE/base/$name.abandoned"; fi
  done
fi
# Passwords are those of the Secrets now, whatever they were then.
PGHOST=/tmp PGUSER=postgres PGSSLMODE=disable bash /docker-entrypoint-initdb.d/10-roles.sh > /dev/null
pg_ctl stop -D "$data" -m fast -w -t 600 > /dev/null
say "data in $((fetched - began)) s, write-ahead log in $((recovered - fetched)) s; start the server: kubectl scale statefulset/$PGHOST --replicas=1"
`;

/** Tries a restore: what was committed a moment ago must come back within the objectives, whole. */
const DRILL = `. ${SCRIPTS_MOUNT}/lib.sh
data=/restore/data
succeeded=0 lost=0 took=0
report() {
  publish drill << END
postgres_backup_drill_timestamp_seconds $(date +%s)
postgres_backup_drill_succeeded $succeeded
postgres_backup_drill_lost_seconds $lost
postgres_backup_drill_recovery_seconds $took
END
}
trap report EXIT

marked=$(ask 'SELECT floor(extract(epoch FROM clock_timestamp()))')
segment=$(ask "SELECT pg_walfile_name(pg_logical_emit_message(true, 'restore-drill', '$marked'))")
say "a transaction was committed; waiting until the store has it ($segment)"
until stored "$segment"; do
  lost=$(($(date +%s) - marked))
  [ "$lost" -le "$RPO" ] || fail "after $lost s it is not in the store; the objective is $RPO s"
  sleep 2
done
lost=$(($(date +%s) - marked))
say "the store had it after $lost s"

began=$(date +%s)
rm -rf "$data"
choose_base latest
fetch_base "$data"
pg_verifybackup --no-parse-wal --quiet "$data"
say "the base backup is whole"
recover "$data" latest "$@" -c archive_mode=off
took=$(($(date +%s) - began))
replayed=$(query 'SELECT coalesce(floor(extract(epoch FROM pg_last_xact_replay_timestamp())), 0)')
[ "$replayed" -ge "$marked" ] || fail "the last transaction that came back is of $replayed, the one committed of $marked"
say "recovered in $took s, with the transaction"
PGHOST=/tmp PGUSER=postgres PGSSLMODE=disable pg_amcheck --all --install-missing --no-strict-names
while IFS= read -r check; do
  [ -z "$check" ] && continue
  answer=$(query "$check") || fail "$check: cannot be asked"
  [ "$answer" = t ] || fail "$check: expected t, got $answer"
done <<< "$QUERIES"
pg_ctl stop -D "$data" -m immediate > /dev/null
[ $((took + REACTION)) -le "$RTO" ] || fail "the recovery took $took s; with $REACTION s to react the objective is $RTO s"
succeeded=1
say "everything is as it should be"
`;

/** Every script, by the name of its file. */
export const BACKUP_SCRIPTS = {
  'archive.sh': ARCHIVE,
  'base.sh': BASE,
  'drill.sh': DRILL,
  'fetch.sh': FETCH,
  'lib.sh': LIB,
  'restore.sh': RESTORE,
  'upload.sh': UPLOAD,
};
