/**
 * The scripts of Redis' copies. They run in the server's image with rclone beside it. In the store, below `$REMOTE`:
 * `rdb/<time>.rdb`, each a whole copy.
 */

const HEAD = `set -eu
PATH=$PATH:/tools
REDISCLI_AUTH=$(cat "$PASSWORD_FILE")
export PATH REDISCLI_AUTH
say() { echo "$(date -u +%H:%M:%S) $*"; }
fail() { echo "$0: $*" >&2; exit 1; }
`;

/** A copy, checked before it is stored; those older than the retention are taken away, but for the newest of them. */
const SNAPSHOT = `${HEAD}
name=$(date -u +%Y%m%dT%H%M%SZ)
redis-cli \${REDIS_FLAGS:-} -h "$REDIS_HOST" -p "$REDIS_PORT" --rdb /tmp/dump.rdb > /tmp/log 2>&1 || { cat /tmp/log >&2; fail 'no copy came'; }
redis-check-rdb /tmp/dump.rdb > /tmp/log 2>&1 || { cat /tmp/log >&2; fail 'the copy that came is damaged'; }
rclone copyto /tmp/dump.rdb "$REMOTE/rdb/$name.rdb"
say "stored $name, $(($(stat -c %s /tmp/dump.rdb) / 1024)) KiB"
from=$(date -u -d "@$(($(date +%s) - RETENTION))" +%Y%m%dT%H%M%SZ)
rclone lsf "$REMOTE/rdb" --include '*.rdb' | sort > /tmp/all
keep=$(awk -v from="$from" 'NR == 1 || $0 <= from { name = $0 } END { print name }' /tmp/all)
awk -v keep="$keep" '$0 < keep' /tmp/all > /tmp/old
rclone delete "$REMOTE/rdb" --files-from /tmp/old
say "removed $(wc -l < /tmp/old) older than $keep"
`;

/** Makes a copy the server's data. What was there is kept beside it. */
const RESTORE = `${HEAD}
if timeout 5 redis-cli \${REDIS_FLAGS:-} -h "$REDIS_HOST" -p "$REDIS_PORT" ping 2>&1 | grep -qE 'PONG|NOAUTH|WRONGPASS|LOADING|MISCONF'; then
  fail "$REDIS_HOST answers; stop it first: kubectl scale statefulset/$REDIS_HOST --replicas=0"
fi
case $RESTORE_TO in
  latest) until=9 ;;
  [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]Z) until=$(echo "$RESTORE_TO" | tr -d ':-') ;;
  *) fail "RESTORE_TO: expected latest or a time in UTC such as 2026-11-21T09:30:00Z, got $RESTORE_TO" ;;
esac
rclone lsf "$REMOTE/rdb" --include '*.rdb' > /tmp/all || fail "$REMOTE cannot be read"
name=$(sort /tmp/all | awk -v until="$until.rdb" '$0 <= until { name = $0 } END { print name }')
[ -n "$name" ] || fail "$REMOTE has no copy that was made by $RESTORE_TO"
say "restoring $name"
rclone copyto "$REMOTE/rdb/$name" "$DATA/restored.rdb"
redis-check-rdb "$DATA/restored.rdb" > /tmp/log 2>&1 || {
  cat /tmp/log >&2
  rm "$DATA/restored.rdb"
  fail "$name is damaged; take an older copy by RESTORE_TO"
}
if [ -e "$DATA/appendonlydir" ]; then mv "$DATA/appendonlydir" "$DATA/appendonlydir.before-$(date -u +%Y%m%dT%H%M%SZ)"; fi

# A server reads its append-only file and nothing else: one of our own reads the copy, and writes that file.
unset REDISCLI_AUTH
redis-server --dir "$DATA" --dbfilename restored.rdb --port 0 --unixsocket /tmp/redis.sock --save '' --appendonly no > /tmp/server.log 2>&1 &
server=$!
ask() { redis-cli -s /tmp/redis.sock "$@"; }
until [ "$(ask ping 2> /dev/null)" = PONG ]; do
  kill -0 "$server" 2> /dev/null || { cat /tmp/server.log >&2; fail 'the server that reads the copy ended'; }
  sleep 1
done
keys=$(ask dbsize)
ask config set appendonly yes > /dev/null
until ask info persistence | tr -d '\\r' | awk '
  /^aof_rewrite_in_progress:0/ || /^aof_rewrite_scheduled:0/ || /^aof_enabled:1/ || /^aof_last_bgrewrite_status:ok/ { n++ }
  END { exit n != 4 }'; do
  kill -0 "$server" 2> /dev/null || { cat /tmp/server.log >&2; fail 'the server that writes the append-only file ended'; }
  sleep 1
done
ask shutdown nosave > /dev/null 2>&1 || true
wait "$server" || true
[ -e "$DATA/appendonlydir" ] || fail 'no append-only file was written'
rm "$DATA/restored.rdb"
say "$keys keys; start the server: kubectl scale statefulset/$REDIS_HOST --replicas=1"
`;

/** Every script, by the name of its file. */
export const REDIS_BACKUP_SCRIPTS: Record<string, string> = { 'restore.sh': RESTORE, 'snapshot.sh': SNAPSHOT };
