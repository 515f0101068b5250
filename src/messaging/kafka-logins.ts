import type { SecretDeclaration, SecretRotation } from '../platform/secrets';

/** How a user says who it is; a broker keeps no password, but what is computed from one. */
export const SCRAM = 'SCRAM-SHA-512';

/**
 * What the key with a user's name ends in. No name of a workload has an underscore, so that no other user's password is
 * called so.
 */
export const USERNAME = '_username';

/** Where a user finds who it is at the moment, and its password. */
export interface KafkaLogin {
  /** Name of the Secret. */
  readonly secret: string;
  /** Its key with the name. */
  readonly name: string;
  /** Its key with the password. */
  readonly password: string;
}

/** The keys of a user. */
export const loginOf = (secret: string, user: string): KafkaLogin => ({
  secret,
  name: `${user}${USERNAME}`,
  password: user,
});

/** Who takes turns with a user. */
const alternateOf = (user: string) => `${user}_alt`;

/** Reads a password from `value` and gives it to a user; on stdin, so that it is no argument that others could see. */
export const setPassword = (tool: string, user: string, value: string) =>
  `printf '${SCRAM}=iterations=8192,password=%s\\n' ${value} |
  ${tool} --alter --entity-type users --entity-name ${user} --add-config-file /dev/stdin`;

/** A broker that is told of new passwords. */
export interface KafkaServer {
  readonly pod: string;
  readonly container: string;
  /** `host:port` at which it hears itself. */
  readonly bootstrapServer: string;
  /** Properties with which it says who it is. */
  readonly properties: string;
}

/**
 * Reads stdin and calls Kafka's tool. That is a JVM beside the broker's in one container: it gets a small heap, and nothing
 * that the variables say to the broker alone.
 */
const inBroker = ({ bootstrapServer, properties }: KafkaServer, { name, password }: KafkaLogin, commands: string) =>
  `set -eu
new_user= old_user= new_value=
while read -r which key value; do
  case "$which $key" in
    end*) break ;;
    'new ${name}') new_user=$value ;;
    'old ${name}') old_user=$value ;;
    'new ${password}') new_value=$value ;;
  esac
done
for value in "$new_user" "$old_user" "$new_value"; do
  case $value in '' | *[!A-Za-z0-9._-]*) echo 'expected letters, digits, dots, dashes and underscores in every value' >&2; exit 1 ;; esac
done
unset KAFKA_OPTS KAFKA_LOG4J_OPTS KAFKA_JMX_OPTS KAFKA_JMX_PORT JMX_PORT
export KAFKA_HEAP_OPTS=-Xmx64m KAFKA_JVM_PERFORMANCE_OPTS='-XX:+UseSerialGC -XX:TieredStopAtLevel=1'
file=$(mktemp)
trap 'rm -f "$file"' EXIT
cat > "$file" <<'END'
${properties}
END
configs() { kafka-configs --bootstrap-server ${bootstrapServer} --command-config "$file" "$@"; }
${commands}
`;

const RETIRE = `said=$(configs --alter --entity-type users --entity-name "$old_user" --delete-config ${SCRAM} </dev/null 2>&1) ||
  case $said in *'does not exist'*) ;; *) printf '%s\\n' "$said" >&2; exit 1 ;; esac`;

/** The tool ends when one broker knows; the others learn of it a moment later. */
const ACCEPT = `${setPassword('configs', '"$new_user"', '"$new_value"')}
sleep 2`;

/**
 * A broker knows one password of a user, so two users take turns. They may do the same, for there is no authorizer, and
 * groups of consumers are named after applications.
 */
const rotationOf = (user: string, login: KafkaLogin, server: KafkaServer): SecretRotation => ({
  renew: [login.password],
  alternate: { [login.name]: [user, alternateOf(user)] },
  server: {
    pod: server.pod,
    container: server.container,
    accept: inBroker(server, login, ACCEPT),
    retire: inBroker(server, login, RETIRE),
  },
});

/** What the Secret holds for a user, and how its password is replaced while it goes on logging in. */
export const describeLogin = (user: string, login: KafkaLogin, server: KafkaServer): SecretDeclaration => ({
  name: login.secret,
  keys: { [login.name]: { initial: user }, [login.password]: {} },
  rotation: [rotationOf(user, login, server)],
});
