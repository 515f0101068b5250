import type { Endpoint } from '../../src/network/connectable';
import { Secrets } from '../../src/platform/secrets';
import { fileMounts, fileVolumes } from '../../src/workload/secret-files';
import { Task } from '../../src/workload/task';
import { WebService } from '../../src/workload/web-service';
import { finished, testSystem } from '../support/system';

const file = (secret: string, key: string, folder = `/run/secrets/${secret}`) => ({
  path: `${folder}/${key}`,
  secret,
  key,
});
const image = { repository: 'acme/shop', tag: '1', profile: 'fastapi' as const };
const busybox = { ...image, digest: '', pullPolicy: 'Always' as const, pullSecrets: [], user: 1, group: 1 };

describe('files from Secrets', () => {
  test('a folder is mounted once, as a whole, read-only', () => {
    const files = [file('db-tls', 'ca.crt'), file('db-tls', 'tls.crt')];
    expect(fileMounts(files)).toEqual([
      { name: 'db-tls-ca-crt-tls-crt', mountPath: '/run/secrets/db-tls', readOnly: true },
    ]);
    expect(fileVolumes([files])).toEqual([
      {
        name: 'db-tls-ca-crt-tls-crt',
        secret: {
          secretName: 'db-tls',
          defaultMode: 0o440,
          items: [
            { key: 'ca.crt', path: 'ca.crt' },
            { key: 'tls.crt', path: 'tls.crt' },
          ],
        },
      },
    ]);
  });

  test('containers that want the same share a volume; who wants less gets one without the rest', () => {
    const authority = [file('db-tls', 'ca.crt')];
    const names = fileVolumes([authority, authority, [...authority, file('db-tls', 'tls.key')]]).map(
      ({ name }) => name,
    );
    expect(names).toEqual(['db-tls-ca-crt', 'db-tls-ca-crt-tls-key']);
  });

  test('many of them have a name that is short enough, and still another one than fewer', () => {
    const files = Array.from({ length: 30 }, (_, index) => file('db-credentials', `user-${index}`));
    const names = [files, files.slice(1), files.slice(0, 29)].map((some) => fileVolumes([some])[0]!.name);
    for (const name of names) expect(name).toMatch(/^db-credentials-[a-z0-9-]{1,47}[a-z0-9]$/);
    expect(new Set(names).size).toBe(3);
  });
});

describe('what a service gives to its clients', () => {
  function clientOf(endpoint: Partial<Endpoint>, script = 'true') {
    const system = testSystem();
    Secrets.of(system).declare({ name: 'db-tls', keys: { 'ca.crt': {} } });
    const peer = { name: 'db', cidrs: ['10.0.0.0/8'] };
    const target = {
      endpoint: { peer, ports: [{ name: 'db', port: 1 }], waitFor: { image: busybox, script }, ...endpoint },
    };
    const web = new WebService(system.layer('apps'), 'web', {
      image,
      port: 8080,
      migrations: { command: ['migrate'] },
    });
    const task = new Task(system.layer('apps'), 'task', { image });
    for (const client of [web, task]) client.use(target);
    const objects = finished(system);
    return [objects.one('Deployment', 'web'), objects.all('Job')[0]].map(({ spec }) => spec.template.spec);
  }
  const mounts = ({ volumeMounts = [] }: any) => volumeMounts.map(({ mountPath }: any) => mountPath);

  test('is a file in its containers, its migrations and its tasks, and not in what waits', () => {
    const [web, task] = clientOf({ files: [file('db-tls', 'ca.crt')] });
    const [wait, migrations] = web.initContainers;
    for (const container of [migrations, ...web.containers, ...task.containers]) {
      expect(mounts(container)).toContain('/run/secrets/db-tls');
    }
    expect(mounts(wait)).toEqual([]);
    expect(web.volumes.filter(({ secret }: any) => secret)).toHaveLength(1);
  });

  test('is a file in what waits, where its script needs it', () => {
    const [web] = clientOf({ waitFor: { image: busybox, script: 'true', files: [file('db-tls', 'ca.crt')] } });
    expect(mounts(web.initContainers[0])).toEqual(['/run/secrets/db-tls']);
    expect(mounts(web.containers[0])).not.toContain('/run/secrets/db-tls');
  });
});
