import { buildSystem, finish } from '../../src/cli/build';
import { Connections } from '../../src/network/connections';
import { loadSettings } from '../../src/settings/load';
import { validators } from '../../src/settings/validators';
import type { System } from '../../src/platform/system';
import { SYSTEMS } from '../../src/systems';
import { Postgres } from '../../src/data/postgres';
import { WebService } from '../../src/workload/web-service';
import { AWS, Finished, testSystem } from '../support/system';

const marked = (system: System) => new Finished(finish(system).map(({ manifest }) => manifest));

const WAVE = 'argocd.argoproj.io/sync-wave';
const OPTIONS = 'argocd.argoproj.io/sync-options';
const KEPT = 'Prune=false,Delete=false';

const waveOf = ({ metadata }: any) => Number(metadata.annotations[WAVE]);
const templateOf = ({ spec }: any) => spec?.jobTemplate?.spec.template ?? spec?.template;
const LASTING = ['Deployment', 'Rollout', 'StatefulSet', 'Job'];

const all = loadSettings({ root: 'overlays', validators });

describe.each(all)('$system/$environment', (settings) => {
  const system = buildSystem(SYSTEMS[settings.system]!, settings);
  const objects = finish(system).map(({ manifest }) => manifest);
  const makers = objects.filter(({ kind }) => LASTING.includes(kind));

  /** What makes the pods at an end of a relation. */
  const behind = ({ podLabels, namespace }: any) =>
    makers.filter(
      (maker) =>
        podLabels &&
        maker.metadata.namespace === namespace &&
        Object.entries(podLabels).every(([label, value]) => templateOf(maker).metadata.labels[label] === value),
    );

  test('every object has a wave, and no pod template does', () => {
    expect(objects.filter((object) => !Number.isInteger(waveOf(object)))).toEqual([]);
    const templates = objects.flatMap((object) => templateOf(object) ?? []);
    expect(templates.filter(({ metadata }) => JSON.stringify(metadata).includes('argoproj.io'))).toEqual([]);
  });

  test('waves are few', () => {
    expect(new Set(objects.map(waveOf)).size).toBeLessThanOrEqual(14);
  });

  test('what waits at its start for a Service or a Job is in no wave before it', () => {
    const early = makers.flatMap((maker) =>
      (templateOf(maker).spec.initContainers ?? [])
        .filter(({ name }: any) => name.startsWith('wait-for-'))
        .flatMap(({ name }: any) => {
          const awaited = name.slice('wait-for-'.length);
          const servers = makers.filter(
            ({ metadata }) => metadata.name === awaited || metadata.name.startsWith(`${awaited}-`),
          );
          return servers
            .filter((server) => waveOf(server) > waveOf(maker))
            .map(() => `${maker.metadata.name} ${awaited}`);
        }),
    );
    expect(early).toEqual([]);
  });

  test('a service comes after the services that it uses', () => {
    const early = Connections.allIn(system).flatMap(({ from, to }) =>
      behind(from).flatMap((client) =>
        behind(to)
          .filter((server) => server !== client && client.kind !== 'StatefulSet' && waveOf(server) < 60)
          .filter((server) => waveOf(client) <= waveOf(server) && waveOf(client) < 60)
          .map((server) => `${client.metadata.name} ${server.metadata.name}`),
      ),
    );
    expect(early).toEqual([]);
  });

  test('what holds data is not pruned', () => {
    const kinds = ['Namespace', 'PersistentVolumeClaim'];
    const held = objects.filter(({ kind, reclaimPolicy }) => kinds.includes(kind) || reclaimPolicy === 'Retain');
    expect(held.length).toBeGreaterThan(0);
    expect(held.filter(({ metadata }) => metadata.annotations[OPTIONS] !== KEPT)).toEqual([]);
  });
});

test('a class whose volumes go with their claims may go, too', () => {
  const of = (reclaimPolicy: 'Delete' | 'Retain') =>
    marked(testSystem({ cloud: { ...AWS, aws: { ...AWS.aws, reclaimPolicy } } })).one('StorageClass', 'shop-test-data')
      .metadata.annotations[OPTIONS];
  expect([of('Retain'), of('Delete')]).toEqual([KEPT, undefined]);
});

test('annotations of others stay, and keys are in order as cdk8s writes them', () => {
  const system = testSystem();
  const image = { repository: 'acme/api', tag: '1', profile: 'fastapi' } as const;
  const api = new WebService(system.layer('apps'), 'api', { image, port: 8000 });
  api.use(new Postgres(system.layer('data'), 'postgres', { volume: { size: '1Gi' } } as never));
  const { annotations } = marked(system).one('Deployment', 'api').metadata;
  expect(Object.keys(annotations)).toEqual([WAVE, 'cdk8s-webstack/writable-paths']);
  expect(annotations[WAVE]).toBe('50');
});
