import type { SecretDeclaration } from '../platform/secrets';

/** Where the server's container finds the keys of its Secret, one file each. */
export const SECRETS_MOUNT = '/run/secrets/redis';

/** Key of the file in which the exporter looks up its password. */
export const EXPORTER_KEY = 'exporter.json';

/** The keys that the server's container reads. */
export const SERVER_KEYS = ['auth.conf', 'password'];

/** How the exporter begins to write the address that it dials, and the rest of it. */
export type ExporterAddress = readonly [scheme: string, host: string];

/** Where the server answers in its own pod. */
export interface RedisAddresses {
  /** As the exporter writes it. */
  readonly exporter: ExporterAddress;
  /** As `redis-cli` is told. */
  readonly server: string;
}

/**
 * What the Secret holds beside the password: the part of the configuration with passwords, and the file in which the
 * exporter looks up its own. The exporter may read figures, and no data.
 */
const keys = ([scheme, host]: ExporterAddress): SecretDeclaration['keys'] => ({
  password: {},
  // Empty but while the password is replaced: then a restart of the server must lose neither of the two.
  'accepted-too': { initial: '' },
  'exporter-password': {},
  'auth.conf': {
    template:
      // Not by requirepass: CONFIG GET would give that back in clear to whoever may read the configuration.
      'user default on >{{password}}{{accepted-too}} ~* &* +@all\n' +
      'user exporter on >{{exporter-password}} resetkeys resetchannels -@all ' +
      '+client|setname +client|list +cluster|info +info +latency|histogram +latency|latest +ping +slowlog|len\n',
  },
  // Older releases look the password up by the address alone, later ones by the address with the user in it.
  [EXPORTER_KEY]: {
    template: `{"${scheme}exporter@${host}":"{{exporter-password}}","${scheme}${host}":"{{exporter-password}}"}`,
  },
});

/**
 * Reads stdin and says commands to the server, logged in with the password that it has or, where a rotation stopped half
 * way, with the one that it is to have. Passwords are told by their hashes, so that no command holds one.
 */
const asDefault = (here: string, commands: string) => `set -eu
old= new=
while read -r which key value; do
  case "$which $key" in
    end*) break ;;
    'old password') old=$value ;;
    'new password') new=$value ;;
  esac
done
if [ -z "$old" ] || [ -z "$new" ]; then echo 'expected an old and a new password on stdin' >&2; exit 1; fi
hash() { printf %s "$1" | sha256sum | cut -d' ' -f1; }
ask() { printf '%s\\n' "$1" | redis-cli --no-auth-warning ${here} 2>&1; }
export REDISCLI_AUTH="$new"
[ "$(ask PING)" = PONG ] || REDISCLI_AUTH=$old
[ "$(ask PING)" = PONG ] || { echo 'the server takes neither the old nor the new password' >&2; exit 1; }
${commands}
`;

const accept = (here: string) =>
  asDefault(
    here,
    `answer=$(ask "ACL SETUSER default #$(hash "$new")")
[ "$answer" = OK ] || { echo "$answer" >&2; exit 1; }`,
  );

/** The probes log in with the mounted password, which follows the Secret a minute or two later. */
const retire = (here: string) =>
  asDefault(
    here,
    `tries=90
until [ "$(cat ${SECRETS_MOUNT}/password)" = "$new" ] && ! grep -qF -e ">$old " ${SECRETS_MOUNT}/auth.conf; do
  tries=$((tries - 1))
  if [ $tries -eq 0 ]; then echo 'the mounted files do not follow the Secret' >&2; exit 1; fi
  sleep 2
done
answer=$(ask "ACL SETUSER default !$(hash "$old")")
case $answer in OK | *'does not exist'*) ;; *) echo "$answer" >&2; exit 1 ;; esac`,
  );

/** The Secret of a server, and how its passwords are replaced while it runs. */
export const describeSecret = (workload: string, { exporter, server: here }: RedisAddresses): SecretDeclaration => ({
  name: `${workload}-credentials`,
  keys: keys(exporter),
  rotation: [
    {
      renew: ['password'],
      during: { 'accepted-too': ' >{{password}}' },
      server: { pod: `${workload}-0`, container: 'redis', accept: accept(here), retire: retire(here) },
    },
    {
      renew: ['exporter-password'],
      interrupts: 'Redis: its pod is restarted, since server and exporter read this password when they start',
    },
  ],
});
