import { type Journal, journalName } from '../../src/cli/secrets/journal';
import { taskOf } from '../../src/cli/secrets/rotate';
import { planOf, rotate, type RotationTask } from '../../src/cli/secrets/rotation';
import { fillSecret } from '../../src/cli/secrets/values';
import { finish } from '../../src/cli/build';
import { Postgres } from '../../src/data/postgres';
import { Redis } from '../../src/data/redis';
import { Secrets } from '../../src/platform/secrets';
import { WebService } from '../../src/workload/web-service';
import { Killed, RotationSiteInMemory } from '../support/rotation-site';
import { testSystem } from '../support/system';

const image = { repository: 'acme/shop', tag: '1', profile: 'fastapi' as const };

/** A shop with a database, a cache, and an application that uses both. */
function shop() {
  const system = testSystem();
  const web = new WebService(system.layer('apps'), 'web', {
    image,
    port: 8080,
    secrets: { API_KEY: { provided: true }, JWT: {} },
  });
  web.use(new Postgres(system.layer('data'), 'db'));
  web.use(new Redis(system.layer('data'), 'cache'));
  const manifests = finish(system).map(({ manifest }) => manifest);
  const secrets = Secrets.of(system).all;
  return { system, manifests, secrets };
}

const built = shop();
const task = (secret: string, key: string): RotationTask =>
  taskOf(built.system, built.secrets, built.manifests, { secret, key }, 10);

/** What a server of the kind of Redis and PostgreSQL knows: who may log in, by what its scripts are called. */
class ShopSite extends RotationSiteInMemory {
  public readonly accepted = new Set<string>();
  public pods: string[] = [];
  public refused: string[] = [];

  public constructor(
    private readonly rotated: RotationTask,
    private readonly loginOf: (values: Record<string, string>) => string,
  ) {
    super();
    const { name } = rotated.declaration;
    const filled = fillSecret(rotated.declaration).keys;
    this.hold(name, Object.fromEntries(filled.map(({ key, value }) => [key, value.toString()])));
    this.accepted.add(this.login);
    this.pods = [this.login, this.login];
  }

  /** What a pod that starts now would log in with. */
  public get login(): string {
    return this.loginOf(this.valuesOf(this.rotated.declaration.name));
  }

  /** Everybody logs in: running pods, and one that would start now. */
  public everybody(): void {
    this.refused.push(...[...this.pods, this.login].filter((login) => !this.accepted.has(login)));
  }

  protected override runScript(script: string, input: string): void {
    const values = (word: string) =>
      Object.fromEntries(
        input
          .split('\n')
          .map((line) => line.split(' '))
          .filter(([first]) => first === word)
          .map(([, key, value]) => [key, value]),
      );
    expect(input.endsWith('\nend\n')).toBe(true);
    const { server } = this.rotated.rotation;
    if (script === server?.accept) this.accepted.add(this.loginOf(values('new')));
    else if (script === server?.retire) this.accepted.delete(this.loginOf(values('old')));
    else throw new Error('an unknown script');
    this.everybody();
  }

  protected override restartPods(): void {
    this.pods = this.pods.map(() => {
      this.everybody();
      return this.login;
    });
    this.everybody();
  }
}

const CASES = [
  ['db-credentials', 'password', ({ username, password }: Record<string, string>) => `${username}:${password}`],
  ['cache-credentials', 'password', ({ password }: Record<string, string>) => `${password}`],
] as const;

describe.each(CASES)('%s/%s', (secret, key, loginOf) => {
  test('is told to the server, then to the readers, then taken from the server', async () => {
    const { rotation } = task(secret, key);
    const site = new ShopSite(task(secret, key), loginOf);
    const old = site.login;
    await rotate(task(secret, key), site, () => undefined);
    const server = rotation.server!;
    const script = `run in ${server.pod}/${server.container}`;
    expect(site.done).toEqual([
      `make ${journalName(secret)}`,
      script,
      `change ${secret}`,
      script,
      'restart Deployment/web',
      ...(rotation.during ? [`change ${secret}`] : []),
      script,
      `delete ${journalName(secret)}`,
    ]);
    expect(site.accepted).toEqual(new Set([site.login]));
    expect(site.login).not.toBe(old);
    expect(site.refused).toEqual([]);
  });

  test('goes on where it was killed, at every point, and nobody is ever refused', async () => {
    const whole = new ShopSite(task(secret, key), loginOf);
    await rotate(task(secret, key), whole, () => undefined);
    const points = Array.from({ length: whole.done.length * 2 }, (_, index) => index / 2);
    expect(points.length).toBeGreaterThan(12);
    for (const point of points) {
      const site = new ShopSite(task(secret, key), loginOf);
      const old = site.login;
      site.killIn = point;
      await expect(rotate(task(secret, key), site, () => undefined)).rejects.toBeInstanceOf(Killed);
      site.everybody();
      site.killIn = Infinity;
      site.clock += 1_000;
      await rotate(task(secret, key), site, () => undefined);
      site.everybody();
      expect({ point, refused: site.refused }).toEqual({ point, refused: [] });
      expect(site.accepted.has(old)).toBe(false);
      expect(site.accepted).toEqual(new Set([site.login]));
      expect([...site.secrets.keys()]).toEqual([secret]);
    }
  });

  test('a server that fails leaves the Secret as it was, and says how to go on', async () => {
    const site = new ShopSite(task(secret, key), loginOf);
    const before = site.valuesOf(secret);
    site.run = () => Promise.reject(new Error('the pod is away'));
    await expect(rotate(task(secret, key), site, () => undefined)).rejects.toThrow(
      /^the pod is away\nstopped at: .*: accept the new password\. The Secret and all that read it have the old values.*; run the same command again: it goes on with the same new values$/,
    );
    expect(site.valuesOf(secret)).toEqual(before);
    site.everybody();
    expect(site.refused).toEqual([]);
  });

  test('readers that do not get ready stop it with both passwords valid', async () => {
    const site = new ShopSite(task(secret, key), loginOf);
    const old = site.login;
    site.rollout = () => Promise.resolve({ done: false, state: 'has 0 of 2 pods ready' });
    await expect(rotate(task(secret, key), site, () => undefined)).rejects.toThrow(
      /^deployment\/web: after 10 seconds has 0 of 2 pods ready; mend that or give a longer --timeout\nstopped at: restart deployment\/web .*old and new are valid; run/,
    );
    expect(site.accepted).toEqual(new Set([old, site.login]));
  });
});

describe('a rotation', () => {
  const site = () => new ShopSite(task('db-credentials', 'password'), ({ username }) => username!);

  test('of PostgreSQL changes the user, back and forth', async () => {
    const one = site();
    const users = [];
    for (let turn = 0; turn < 3; turn += 1) {
      users.push(one.valuesOf('db-credentials')['username']);
      one.clock += 60_000;
      await rotate(task('db-credentials', 'password'), one, () => undefined);
    }
    expect(users).toEqual(['app', 'app_alt', 'app']);
  });

  test('of Redis lends the old password to the configuration, and takes it back', async () => {
    const one = new ShopSite(task('cache-credentials', 'password'), ({ password }) => password!);
    const { password: old } = one.valuesOf('cache-credentials');
    const seen: string[] = [];
    const restart = one.restart;
    one.restart = (reader, mark) => {
      seen.push(one.valuesOf('cache-credentials')['auth.conf']!);
      return restart(reader, mark);
    };
    await rotate(task('cache-credentials', 'password'), one, () => undefined);
    const { password, 'auth.conf': end } = one.valuesOf('cache-credentials');
    expect(seen).toEqual([expect.stringContaining(`user default on >${password} >${old} ~*`)]);
    expect(end).toContain(`user default on >${password} ~*`);
    expect(end).not.toContain(old);
  });

  test('does not begin while another one of the same Secret is under way', async () => {
    const one = site();
    one.killIn = 1;
    await expect(rotate(task('db-credentials', 'password'), one, () => undefined)).rejects.toBeInstanceOf(Killed);
    one.killIn = Infinity;
    await expect(rotate(task('db-credentials', 'exporter-password'), one, () => undefined)).rejects.toThrow(
      'secret db-credentials: a rotation of password began at 2026-01-01T00:00:00.000Z; ' +
        'end that one first, with --rotate db-credentials/password',
    );
  });

  test('does not overwrite what somebody else has written meanwhile', async () => {
    const one = site();
    one.killIn = 1;
    await expect(rotate(task('db-credentials', 'password'), one, () => undefined)).rejects.toBeInstanceOf(Killed);
    one.killIn = Infinity;
    one.hold('db-credentials', { ...one.valuesOf('db-credentials'), password: 'theirs' });
    await expect(rotate(task('db-credentials', 'password'), one, () => undefined)).rejects.toThrow(
      /^secret db-credentials: password changed since the rotation began .*; if what the Secret holds is right, delete/,
    );
    expect(one.valuesOf('db-credentials')['password']).toBe('theirs');
  });

  test('keeps the new values where a killed run can find them, before any server knows them', async () => {
    const one = site();
    let journal: Journal | undefined;
    one.run = () => {
      journal = JSON.parse(one.valuesOf(journalName('db-credentials'))['rotation']!);
      return Promise.resolve();
    };
    await rotate(task('db-credentials', 'password'), one, () => undefined);
    const now = one.secrets.get('db-credentials')!.data!;
    expect(journal).toMatchObject({ key: 'password', after: { password: now['password'] } });
    expect(journal?.before['password']).not.toBe(now['password']);
  });

  test('wants all keys to be there first', async () => {
    const one = site();
    one.hold('db-credentials', { password: 'x' });
    await expect(rotate(task('db-credentials', 'password'), one, () => undefined)).rejects.toThrow(
      'secret db-credentials: has no exporter-password, postgres-password, username; add what is missing first',
    );
    one.secrets.clear();
    await expect(rotate(task('db-credentials', 'password'), one, () => undefined)).rejects.toThrow('is not there');
  });

  test('refuses values that would be several lines to a script', async () => {
    const one = site();
    one.hold('db-credentials', { ...one.valuesOf('db-credentials'), 'exporter-password': 'a\nnew password b' });
    await expect(rotate(task('db-credentials', 'password'), one, () => undefined)).rejects.toThrow(
      'key exporter-password: holds control characters, and cannot be told to the server; change it by hand',
    );
  });
});

describe('what a rotation is made of', () => {
  test('a value that no server keeps is renewed, and its readers restarted', () => {
    expect(planOf(task('web-secrets', 'jwt'))).toEqual([
      'note the new values in secret web-secrets-rotation',
      'secret web-secrets: change jwt',
      'restart deployment/web and wait for its pods',
      'delete secret web-secrets-rotation',
    ]);
  });

  test("the superuser's password has no reader, the exporters' restart the servers", () => {
    expect(task('db-credentials', 'postgres-password').readers).toEqual([]);
    expect(task('db-credentials', 'exporter-password').readers).toEqual([{ kind: 'StatefulSet', name: 'db' }]);
    expect(task('cache-credentials', 'exporter-password').readers).toEqual([{ kind: 'StatefulSet', name: 'cache' }]);
    for (const secret of ['db-credentials', 'cache-credentials']) {
      expect(task(secret, 'exporter-password').rotation.interrupts).toContain('its pod is restarted');
      expect(task(secret, 'password').rotation.interrupts).toBeUndefined();
    }
  });

  test.each([
    ['nothing', 'x', 'nothing/x: no such key is declared; known are cache-credentials/…, db-credentials/…'],
    ['web-secrets', 'x', 'web-secrets/x: no such key is declared; known are web-secrets/api-key, web-secrets/jwt'],
    ['cache-credentials', 'auth.conf', 'follows from other keys; rotate one of exporter-password, password'],
    ['db-credentials', 'username', 'follows from other keys; rotate one of exporter-password, password'],
  ])('%s/%s cannot be rotated', (secret, key, message) => {
    expect(() => task(secret, key)).toThrow(message);
  });
});
