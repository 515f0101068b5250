/** @tools redis */
import { proof } from './support/proof';
import { RedisServer } from './support/redis';

proof('Redis keeps what it acknowledged through kill -9', async () => {
  const redis = await RedisServer.start({ settings: { appendonly: 'yes', appendfsync: 'always', save: '""' } });
  for (let key = 0; key < 100; key++) redis.command('SET', `key-${key}`, String(key * key));
  await redis.kill();
  expect(() => redis.command('PING')).toThrow('Connection refused');

  const began = Date.now();
  await redis.start();
  const up = Date.now() - began;
  expect(redis.command('DBSIZE')).toBe('100');
  expect(redis.command('GET', 'key-99')).toBe('9801');
  return `100 of 100 keys, up again after ${up} ms`;
});

proof('Redis refuses a wrong password', async () => {
  const redis = await RedisServer.start();
  expect(redis.command('PING')).toBe('PONG');
  expect(() => redis.command('--user', 'default', '--pass', 'wrong', 'PING')).toThrow('WRONGPASS');
  return 'refused';
});
