import type { SecretDeclaration, SecretRotation } from '../platform/secrets';

/** Where the server's container finds the keys of its Secret, one file each. */
export const SECRETS_MOUNT = '/run/secrets/postgres';

/** The role of the exporter, which reads statistics and nothing else. */
export const EXPORTER_ROLE = 'exporter';

/** Key of its password. */
export const EXPORTER_KEY = 'exporter-password';

/** The role of base backups and restore drills. */
export const BACKUP_ROLE = 'backup';

/** Key of its password. */
export const BACKUP_KEY = 'backup-password';

/** The role that read replicas log in as. */
export const REPLICA_ROLE = 'replica';

/** Key of its password. */
export const REPLICA_KEY = 'replica-password';

/** A role for what counts as replication, beside those that every server has. */
export interface Replicator {
  readonly role: string;
  readonly key: string;
  /** Most connections at one time. */
  readonly connections: number;
}

/** Of base backups and restore drills. */
export const BACKUPS: Replicator = { role: BACKUP_ROLE, key: BACKUP_KEY, connections: 5 };

/** Of read replicas: each streams, asks how its slot is and, while it copies the server, holds two connections more. */
export const REPLICAS: Replicator = { role: REPLICA_ROLE, key: REPLICA_KEY, connections: 20 };

/** Key of the superuser's password, and the superuser. */
const SUPERUSER_KEY = 'postgres-password';
const SUPERUSER = 'postgres';

/** The keys that the server's container reads. */
export const serverKeys = (replicators: readonly Replicator[]): string[] => [
  'username',
  'password',
  SUPERUSER_KEY,
  EXPORTER_KEY,
  ...replicators.map(({ key }) => key),
];

/** The role that takes turns with the owner of the database. */
export const alternateOf = (user: string) => `${user}_alt`;

/** Statements that hold passwords are kept out of the server's log. */
const UNLOGGED = `SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = panic;`;

/** The role that applications log in as is the owner, or becomes it at once: so that all they make has one owner. */
const ensureUser = (
  owner: string,
) => `SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${owner}') AS missing \\gset
\\if :missing
CREATE ROLE "${owner}" LOGIN;
\\endif
SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'app_user') AS missing \\gset
\\if :missing
CREATE ROLE :"app_user" LOGIN IN ROLE "${owner}";
ALTER ROLE :"app_user" SET role TO "${owner}";
\\endif`;

/** Whichever of the two it is whose turn it is not: a restore to the past would bring back a password that was withdrawn. */
const withdraw = (owner: string) => `SELECT format('ALTER ROLE %I PASSWORD NULL', rolname) FROM pg_roles
WHERE rolname IN ('${owner}', '${alternateOf(owner)}') AND rolname <> :'app_user' \\gexec`;

/** A role that sees statistics; where it is for what counts as replication, it may do that too. */
const ensureHelper = (
  role: string,
  key: string,
  rights = '',
  connections = 5,
) => `\\set role_password \`cat ${SECRETS_MOUNT}/${key}\`
SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${role}') AS missing \\gset
\\if :missing
CREATE ROLE ${role};
\\endif
ALTER ROLE ${role} LOGIN${rights} PASSWORD :'role_password' CONNECTION LIMIT ${connections};
GRANT pg_monitor TO ${role};
`;

const ensureReplicator = ({ role, key, connections }: Replicator) =>
  ensureHelper(role, key, ' REPLICATION', connections);

/**
 * Run by the image when the volume is empty: the application gets a role that owns its database and is no superuser, the
 * exporter one that may only read statistics. Passwords are read by psql itself, so that they are never an argument that
 * others could see. Run again, after a restore or by hand, it makes the roles that are not there and gives all of them the
 * passwords that the Secret has now, whatever they were.
 */
export const rolesScript = (user: string, database: string, replicators: readonly Replicator[]) => `set -eu
for key in ${serverKeys(replicators).join(' ')}; do test -s ${SECRETS_MOUNT}/$key; done
PGPASSWORD=$(cat ${SECRETS_MOUNT}/${SUPERUSER_KEY}) psql --no-psqlrc --quiet --no-align --tuples-only \\
  --set ON_ERROR_STOP=1 --username ${SUPERUSER} --dbname ${database} <<'SQL'
${UNLOGGED}
\\set app_user \`cat ${SECRETS_MOUNT}/username\`
\\set app_password \`cat ${SECRETS_MOUNT}/password\`
\\set superuser_password \`cat ${SECRETS_MOUNT}/${SUPERUSER_KEY}\`
BEGIN;
${ensureUser(user)}
ALTER ROLE :"app_user" PASSWORD :'app_password';
${withdraw(user)}
ALTER ROLE ${SUPERUSER} PASSWORD :'superuser_password';
${ensureHelper(EXPORTER_ROLE, EXPORTER_KEY)}${replicators.map(ensureReplicator).join('')}ALTER DATABASE "${database}" OWNER TO "${user}";
ALTER SCHEMA public OWNER TO "${user}";
COMMIT;
SQL
`;

/**
 * Reads stdin and runs statements as the superuser: with the password that the Secret has or, where its own rotation stopped
 * half way, with the one that it is to have. Values are letters and digits, or nothing is done with them.
 */
const asSuperuser = (key: string, statements: string) => `set -eu
new_user= old_user= new_value= old_super= new_super=
while read -r which key value; do
  case "$which $key" in
    end*) break ;;
    'new username') new_user=$value ;;
    'old username') old_user=$value ;;
    'new ${key}') new_value=$value ;;
  esac
  case "$which $key" in
    'old ${SUPERUSER_KEY}') old_super=$value ;;
    'new ${SUPERUSER_KEY}') new_super=$value ;;
  esac
done
for value in "$new_value" "$new_user" "$old_user"; do
  case $value in '' | *[!A-Za-z0-9_]*) echo 'expected letters, digits and underscores in every value' >&2; exit 1 ;; esac
done
run() {
  psql --no-psqlrc --no-password --quiet --no-align --tuples-only --set ON_ERROR_STOP=1 --username ${SUPERUSER} --dbname ${SUPERUSER} "$@"
}
export PGPASSWORD="$old_super"
run --command 'SELECT 1' >/dev/null 2>&1 || PGPASSWORD=$new_super
run <<SQL
${UNLOGGED}
\\set app_user '$new_user'
\\set old_user '$old_user'
\\set value '$new_value'
${statements}
SQL
`;

const INTERRUPTS = 'the database: its pod is restarted, since the exporter in it reads its password when it starts';

/** Who is logged in stays so, and who is refused tries again with what the file then says. */
const rotationOf = (server: { pod: string; container: string }, { role, key }: Replicator): SecretRotation => ({
  renew: [key],
  server: { ...server, accept: asSuperuser(key, `ALTER ROLE ${role} PASSWORD :'value';`) },
});

/** The Secret of a server, and how its passwords are replaced while it runs. */
export function describeSecret(workload: string, user: string, replicators: readonly Replicator[]): SecretDeclaration {
  const server = { pod: `${workload}-0`, container: 'postgres' };
  const password = `ALTER ROLE :"app_user" LOGIN PASSWORD :'value';`;
  return {
    name: `${workload}-credentials`,
    keys: {
      ...Object.fromEntries(serverKeys(replicators).map((key) => [key, {}])),
      username: { initial: user },
    },
    rotation: [
      {
        renew: ['password'],
        alternate: { username: [user, alternateOf(user)] },
        server: {
          ...server,
          accept: asSuperuser('password', `BEGIN;\n${ensureUser(user)}\n${password}\nCOMMIT;`),
          retire: asSuperuser('password', `ALTER ROLE :"old_user" PASSWORD NULL;`),
        },
      },
      {
        renew: [SUPERUSER_KEY],
        server: { ...server, accept: asSuperuser(SUPERUSER_KEY, `ALTER ROLE ${SUPERUSER} PASSWORD :'value';`) },
      },
      {
        renew: [EXPORTER_KEY],
        server: { ...server, accept: asSuperuser(EXPORTER_KEY, `ALTER ROLE ${EXPORTER_ROLE} PASSWORD :'value';`) },
        interrupts: INTERRUPTS,
      },
      ...replicators.map((replicator) => rotationOf(server, replicator)),
    ],
  };
}
