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

/** Base backups are a kind of replication. */
const BACKUP_STATEMENTS = `\\set backup_password \`cat ${SECRETS_MOUNT}/${BACKUP_KEY}\`
CREATE ROLE ${BACKUP_ROLE} LOGIN REPLICATION PASSWORD :'backup_password' CONNECTION LIMIT 5;
GRANT pg_monitor TO ${BACKUP_ROLE};
`;

/**
 * Run once, by the image, when the volume is empty: the application gets a role that owns its database and is no
 * superuser, the exporter one that may only read statistics. Passwords are read by psql itself, so that they are never an
 * argument that others could see, and statements that hold them are kept out of the server's log.
 */
export const rolesScript = (user: string, database: string, backup: boolean) => `set -eu
test -s ${SECRETS_MOUNT}/password
test -s ${SECRETS_MOUNT}/${EXPORTER_KEY}
psql --no-psqlrc --set ON_ERROR_STOP=1 --username postgres --dbname ${database} <<'SQL'
SET log_min_duration_statement = -1;
SET log_min_error_statement = panic;
\\set app_password \`cat ${SECRETS_MOUNT}/password\`
\\set exporter_password \`cat ${SECRETS_MOUNT}/${EXPORTER_KEY}\`
CREATE ROLE "${user}" LOGIN PASSWORD :'app_password';
CREATE ROLE ${EXPORTER_ROLE} LOGIN PASSWORD :'exporter_password' CONNECTION LIMIT 5;
GRANT pg_monitor TO ${EXPORTER_ROLE};
${backup ? BACKUP_STATEMENTS : ''}ALTER DATABASE "${database}" OWNER TO "${user}";
ALTER SCHEMA public OWNER TO "${user}";
SQL
`;
