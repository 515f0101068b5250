import { App } from 'cdk8s';

import { finish } from '../../src/cli/build';
import { Secrets } from '../../src/platform/secrets';
import { mergeSettings } from '../../src/settings/merge';
import { SYSTEMS } from '../../src/systems';
import { everywhereProblems } from '../support/everywhere';
import { minors, schemaErrors } from '../support/kubernetes-schema';
import { settingsOf } from '../support/overlays';

/** Todo Evolution in production with one setting changed, and perhaps Kafka's mode. */
function built(change: Record<string, unknown>) {
  const settings = mergeSettings(settingsOf('todo-evolution', 'production'), change);
  const system = new SYSTEMS['todo-evolution']!(new App(), 'production', settings as any);
  return { objects: finish(system).map(({ manifest }) => manifest), secrets: Secrets.of(system).all };
}

describe.each([
  ['zookeeper', {}],
  ['kraft', { kafka: { mode: 'kraft', clusterId: 'a'.repeat(22) } }],
])('tls.enabled alone, with Kafka in the mode %s', (_, change) => {
  const { objects, secrets } = built({ ...change, tls: { enabled: true } });
  const find = (kind: string, name: string) =>
    objects.find((object) => object.kind === kind && object.metadata.name === name);

  test('keeps the rules that hold everywhere', () => expect(everywhereProblems(objects, { secrets })).toEqual([]));

  test.each([minors[0]!, minors.at(-1)!])('is valid for Kubernetes %s and its operators', (minor) => {
    expect(objects.flatMap((object) => schemaErrors(object, minor))).toEqual([]);
  });

  test('components of Dapr speak TLS, each as a user of its own', () => {
    const metadata = (name: string): Record<string, any> =>
      Object.fromEntries(
        find('Component', name).spec.metadata.map(({ name, value, secretKeyRef }: any) => [
          name,
          value ?? secretKeyRef,
        ]),
      );
    for (const name of ['pubsub', 'kafka-binding']) {
      expect(metadata(name)).toMatchObject({
        authType: 'password',
        caCert: { name: 'kafka-tls', key: 'ca.crt' },
        disableTls: 'false',
        saslMechanism: 'SHA-512',
        saslPassword: { name: 'kafka-credentials', key: `dapr-${name}` },
        saslUsername: { name: 'kafka-credentials', key: `dapr-${name}_username` },
      });
    }
    expect(metadata('statestore')).toMatchObject({ enableTLS: 'true', insecureSkipTLSVerify: 'true' });
  });

  test('a workload that others reach with a password or data has a certificate', () => {
    const certified = objects.filter(({ kind, spec }) => kind === 'Certificate' && !spec.isCA);
    const servers = certified.filter(({ spec }) => spec.usages.includes('server auth'));
    const stateful = objects.filter(({ kind }) => kind === 'StatefulSet').map(({ metadata }) => metadata.name);
    expect(servers.map(({ metadata }) => metadata.name).sort()).toEqual(stateful.sort());
  });

  test('opens no port that it did not open without', () => {
    const ports = (all: any[]) =>
      all
        .filter(({ kind, metadata }) => kind === 'NetworkPolicy' && find('StatefulSet', metadata.name))
        .map(({ metadata, spec }) => [
          metadata.name,
          [...new Set(spec.ingress.flatMap((rule: any) => rule.ports.map(({ port }: any) => port)))].sort(),
        ]);
    expect(ports(objects)).toEqual(ports(built(change).objects));
  });
});

test('without it there is nothing of cert-manager', () => {
  const { objects } = built({ tls: { enabled: false } });
  expect(objects.filter(({ kind }) => ['Certificate', 'Issuer'].includes(kind))).toEqual([]);
  expect(objects).toEqual(built({}).objects);
});
