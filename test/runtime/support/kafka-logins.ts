/**
 * Program of a pod that logs into Kafka without a pause: over TLS and by SCRAM, each time on a new connection, in turn at
 * each broker. Arguments: file of the authority, file with the logins as a list of `{ username, password }` that is read
 * anew before each connection, and `host:port` of the brokers. It prints `refused …` for each that is, and `logins N` now and
 * then. With `once` as first argument it reads the list from stdin, tries each at each broker, and ends.
 */
export const KAFKA_LOGINS = `#!/usr/bin/env node
const { createHash, createHmac, pbkdf2, randomBytes } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { connect } = require('node:tls');
const { promisify } = require('node:util');

const once = process.argv[2] === 'once';
const [authority, ...more] = process.argv.slice(once ? 3 : 2);
const [file, ...brokers] = once ? [0, ...more] : more;
const ca = readFileSync(authority);
const derive = promisify(pbkdf2);
const hmac = (key, text) => createHmac('sha512', key).update(text).digest();
const string = (text) => Buffer.concat([Buffer.from([text.length >> 8, text.length & 255]), Buffer.from(text)]);
const bytes = (body) => {
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length);
  return Buffer.concat([size, body]);
};

/** Sends a request of a kind (17: which mechanism, 36: one step of it), and gives the answer less its number. */
async function ask(socket, answers, kind, body) {
  const head = Buffer.from([0, kind, 0, 1, 0, 0, 0, 1, 255, 255]);
  socket.write(bytes(Buffer.concat([head, body])));
  let held = Buffer.alloc(0);
  while (held.length < 4 || held.length < 4 + held.readInt32BE(0)) {
    const { value, done } = await answers.next();
    if (done) throw new Error('the broker closed the connection');
    held = Buffer.concat([held, value]);
  }
  return held.subarray(8);
}

async function step(socket, answers, text) {
  const answer = await ask(socket, answers, 36, bytes(Buffer.from(text)));
  const length = answer.readInt16BE(2);
  const end = 4 + Math.max(0, length);
  if (answer.readInt16BE(0) !== 0) throw new Error(answer.subarray(4, end).toString());
  return answer.subarray(end + 4, end + 4 + answer.readInt32BE(end)).toString();
}

async function login(broker, { username, password }) {
  const [host, port] = broker.split(':');
  const socket = connect({ host, port: Number(port), servername: host, ca });
  const answers = socket[Symbol.asyncIterator]();
  try {
    const mechanism = await ask(socket, answers, 17, string('SCRAM-SHA-512'));
    if (mechanism.readInt16BE(0) !== 0) throw new Error('the broker has no such mechanism');
    const first = 'n=' + username.replace(/=/g, '=3D') + ',r=' + randomBytes(18).toString('hex');
    const challenge = await step(socket, answers, 'n,,' + first);
    const [, nonce, salt, rounds] = /^r=([^,]+),s=([^,]+),i=([0-9]+)$/.exec(challenge);
    const salted = await derive(password, Buffer.from(salt, 'base64'), Number(rounds), 64, 'sha512');
    const key = hmac(salted, 'Client Key');
    const last = 'c=biws,r=' + nonce;
    const signature = hmac(createHash('sha512').update(key).digest(), [first, challenge, last].join(','));
    const proof = Buffer.from(key.map((byte, index) => byte ^ signature[index])).toString('base64');
    await step(socket, answers, last + ',p=' + proof);
  } finally {
    socket.destroy();
  }
}

let logins = 0;
const attempt = (broker, given) =>
  login(broker, given).then(
    () => (logins += 1),
    ({ message }) => console.log('refused', given.username, broker, message),
  );
const read = () => JSON.parse(readFileSync(file, 'utf8'));
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
async function keepLoggingIn(index) {
  for (let turn = index; ; turn += 1) {
    await attempt(brokers[turn % brokers.length], read()[index]);
    await pause(20);
  }
}
if (once) {
  void (async () => {
    for (const given of read()) for (const broker of brokers) await attempt(broker, given);
    console.log('logins', logins);
  })();
} else {
  setInterval(() => console.log('logins', logins), 200);
  read().forEach((_, index) => void keepLoggingIn(index));
}
`;
