import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { promisify } from 'node:util';

const derive = promisify(pbkdf2);
const hmac = (key: Buffer, text: string | Buffer) => createHmac('sha256', key).update(text).digest();

/** Opens a connection, and gives its answers one by one; the connection is closed whatever happens. */
async function converse<T>(port: number, talk: (say: (what: Buffer) => void, hear: Hear) => Promise<T>): Promise<T> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const answers = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let held = Buffer.alloc(0);
  const hear: Hear = async (whole) => {
    for (;;) {
      const size = whole(held);
      if (size !== undefined && held.length >= size) {
        const answer = held.subarray(0, size);
        held = held.subarray(size);
        return answer;
      }
      const { value, done } = await answers.next();
      if (done) throw new Error('the server closed the connection');
      held = Buffer.concat([held, value]);
    }
  };
  try {
    return await talk((what) => socket.write(what), hear);
  } finally {
    socket.destroy();
  }
}

/** Waits for an answer of which `whole` says how long it is, once that can be told. */
type Hear = (whole: (held: Buffer) => number | undefined) => Promise<Buffer>;

/** Logs into Redis over a new connection and says PING. */
export const loginToRedis = (port: number, password: string, user = 'default'): Promise<void> =>
  converse(port, async (say, hear) => {
    const line = () => hear((held) => (held.includes('\r\n') ? held.indexOf('\r\n') + 2 : undefined));
    for (const [command, expected] of [
      [`AUTH ${user} ${password}`, '+OK'],
      ['PING', '+PONG'],
    ] as const) {
      say(Buffer.from(`${command}\r\n`));
      const answer = (await line()).toString().trim();
      if (answer !== expected) throw new Error(answer);
    }
  });

/** Logs into PostgreSQL over a new connection, by SCRAM, and asks as whom. Gives `session user|current user`. */
export const loginToPostgres = (port: number, user: string, password: string, database: string): Promise<string> =>
  converse(port, async (say, hear) => {
    const message = async () => {
      const whole = await hear((held) => (held.length < 5 ? undefined : held.readInt32BE(1) + 1));
      const [type, body] = [String.fromCharCode(whole[0]!), whole.subarray(5)];
      if (type === 'E') throw new Error(body.toString().replace(/\0/g, ' '));
      return { type, body };
    };
    const packet = (type: string, body: Buffer) => {
      const size = Buffer.alloc(4);
      size.writeInt32BE(body.length + 4);
      return Buffer.concat([Buffer.from(type), size, body]);
    };
    const version = Buffer.from([0, 3, 0, 0]);
    const parameters = Buffer.from(`user\0${user}\0database\0${database}\0\0`);
    say(packet('', Buffer.concat([version, parameters])));
    await message();

    const first = `n=,r=${randomBytes(18).toString('base64')}`;
    const size = Buffer.alloc(4);
    size.writeInt32BE(first.length + 3);
    say(packet('p', Buffer.concat([Buffer.from('SCRAM-SHA-256\0'), size, Buffer.from(`n,,${first}`)])));
    const challenge = (await message()).body.subarray(4).toString();
    const [, nonce, salt, rounds] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(challenge)!;
    const salted = await derive(password, Buffer.from(salt!, 'base64'), Number(rounds), 32, 'sha256');
    const key = hmac(salted, 'Client Key');
    const last = `c=biws,r=${nonce}`;
    const signature = hmac(createHash('sha256').update(key).digest(), `${first},${challenge},${last}`);
    const proof = Buffer.from(key.map((byte, index) => byte ^ signature[index]!)).toString('base64');
    say(packet('p', Buffer.from(`${last},p=${proof}`)));

    while ((await message()).type !== 'Z');
    say(packet('Q', Buffer.from(`SELECT session_user || '|' || current_user\0`)));
    for (;;) {
      const { type, body } = await message();
      if (type === 'D') return body.subarray(6).toString();
    }
  });
