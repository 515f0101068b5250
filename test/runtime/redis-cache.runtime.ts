/** @tools redis */
import { fillSecret } from '../../src/cli/secrets/values';
import { Redis } from '../../src/data/redis';
import type { RedisSettings } from '../../src/data/redis-settings';
import { Secrets } from '../../src/platform/secrets';
import { finished, testSystem } from '../support/system';
import { Pods, type Running, type SecretValues } from './support/pods';
import { proof } from './support/proof';

/* The pod as synthesized: its configuration, user, mounts and a root folder that is read-only. */

class Site {
  public static async start(settings: RedisSettings): Promise<Site> {
    const system = testSystem();
    const limits = { memory: '64Mi' };
    new Redis(system.layer('data'), 'cache', {
      resources: { requests: limits, limits },
      maxMemoryPercent: 50,
      ...settings,
    });
    const secrets: SecretValues = Object.fromEntries(
      Secrets.of(system).all.map((secret) => [
        secret.name,
        Object.fromEntries(fillSecret(secret).keys.map(({ key, value }) => [key, value.toString()])),
      ]),
    );
    const { objects } = finished(system);
    const site = new Site(await Pods.start({ objects, secrets, tools: ['redis'], readOnly: true }));
    await site.up();
    return site;
  }

  private server!: Running;

  private constructor(public readonly pods: Pods) {}

  public async up(): Promise<void> {
    this.server = await this.pods.run('cache-0', { container: 'redis', line: /Ready to accept connections/ });
  }

  public async kill(): Promise<void> {
    await this.pods.end(this.server, 'SIGKILL');
  }

  public say(script: string): Promise<string> {
    const command = ['sh', '-c', `export REDISCLI_AUTH=$(cat /run/secrets/redis/password); ${script}`];
    return this.pods.call('cache-0', { container: 'redis', command });
  }

  /** Writes twice of what there is room for, and gives how many writes were taken and what was evicted. */
  public async fill(): Promise<{ taken: number; evicted: number }> {
    const value = 'x'.repeat(16 * 1024);
    const writes = `for n in $(seq 1 4096); do echo "SET key-$n ${value}"; done | redis-cli | grep -c OK || true`;
    const taken = Number(await this.say(writes));
    const evicted = Number(/evicted_keys:(\d+)/.exec(await this.say('redis-cli INFO stats'))![1]);
    return { taken, evicted };
  }
}

proof(
  'a cache that is full gives up what was not used, and takes every write; a store refuses',
  async () => {
    const cache = await Site.start({ mode: 'cache' });
    const filled = await cache.fill();
    expect(filled.taken).toBe(4096);
    expect(filled.evicted).toBeGreaterThan(1000);
    expect(await cache.say('redis-cli EXISTS key-4096')).toBe('1\n');
    const store = await Site.start({});
    const refused = await store.fill();
    expect(refused.taken).toBeLessThan(3000);
    expect(refused.evicted).toBe(0);
    await store.pods.stop();

    await cache.kill();
    await cache.up();
    expect(await cache.say('redis-cli DBSIZE')).toBe('0\n');
    expect((await cache.say('ls /tmp')).trim()).toBe('');
    await cache.pods.stop();
    return `${filled.taken} of 4096 writes of 64 MiB into 32 MiB, ${filled.evicted} keys given up; a store took ${refused.taken}; nothing on disk`;
  },
  120,
);
