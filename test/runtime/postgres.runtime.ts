/** @tools postgres */
import { join } from 'node:path';
import { proof } from './support/proof';
import { PostgresServer } from './support/postgres';
import { run, scratchFolder } from './support/process';

const count = (postgres: PostgresServer) => Number(postgres.query('SELECT count(*) FROM orders'));

proof('PostgreSQL keeps every committed row through kill -9', async () => {
  const postgres = await PostgresServer.start();
  postgres.query('CREATE TABLE orders (id integer PRIMARY KEY, note text)');
  for (let batch = 0; batch < 10; batch++) {
    postgres.query(
      `INSERT INTO orders SELECT n, md5(n::text) FROM generate_series(${batch * 1000}, ${batch * 1000 + 999}) n`,
    );
  }
  await postgres.kill();
  expect(() => count(postgres)).toThrow('Connection refused');

  const began = Date.now();
  await postgres.start();
  const up = Date.now() - began;
  expect(postgres.log).toContain('automatic recovery in progress');
  expect(count(postgres)).toBe(10_000);
  return `10,000 of 10,000 rows, up again after ${up} ms`;
});

proof('PostgreSQL refuses a wrong password', async () => {
  const postgres = await PostgresServer.start();
  expect(postgres.query('SELECT 1')).toBe('1');
  expect(() => postgres.query('SELECT 1', { PGPASSWORD: 'wrong' })).toThrow('password authentication failed');
  return 'refused';
});

proof('PostgreSQL and its clients speak TLS, and a client refuses a certificate that it does not trust', async () => {
  const folder = scratchFolder('certificates', { unprivileged: true });
  const [key, certificate, stranger] = ['key', 'certificate', 'stranger'].map((name) => join(folder, `${name}.pem`));
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=postgres', '-days', '1'];
  const named = [...made, '-addext', 'subjectAltName=IP:127.0.0.1'];
  run('openssl', [...named, '-keyout', key!, '-out', certificate!], { unprivileged: true });
  run('openssl', [...named, '-keyout', join(folder, 'other.pem'), '-out', stranger!], { unprivileged: true });

  const settings = { ssl: 'on', ssl_key_file: key!, ssl_cert_file: certificate! };
  const postgres = await PostgresServer.start({ settings, hba: 'hostssl all all 127.0.0.1/32 scram-sha-256\n' });
  const verified = { PGSSLMODE: 'verify-full', PGSSLROOTCERT: certificate! };
  const version = postgres.query('SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()', verified);
  expect(version).toBe('TLSv1.3');
  expect(() => postgres.query('SELECT 1', { ...verified, PGSSLROOTCERT: stranger! })).toThrow(
    'certificate verify failed',
  );
  expect(() => postgres.query('SELECT 1', { PGSSLMODE: 'disable' })).toThrow('no encryption');
  return `${version}, verified by name`;
});
