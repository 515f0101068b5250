import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

import { refusedChanges } from '../../src/outputs/upgrade';
import { filesOf } from '../support/dist';
import { temporaryFolder } from './folders';

const before = Object.fromEntries(
  filesOf('todo-evolution/production').map((file) => [basename(file), readFileSync(file, 'utf8')]),
);

/** What is refused where one text of the production files becomes another. */
function refused(file: string, from: string, to: string): string[] {
  const out = temporaryFolder(before);
  expect(before[file]).toContain(from);
  return refusedChanges(out, [{ path: file, text: before[file]!.replaceAll(from, to) }]);
}

test('the size of a volume, with the procedure', () => {
  expect(refused('20-data.k8s.yaml', 'storage: 50Gi', 'storage: 60Gi')).toEqual([
    expect.stringMatching(
      /^20-data.k8s.yaml: StatefulSet postgres: spec.volumeClaimTemplates cannot be changed in place: expand the claims, /,
    ),
  ]);
});

test('from ZooKeeper to KRaft, with the steps', () => {
  expect(refused('30-messaging.k8s.yaml', 'KAFKA_ZOOKEEPER_CONNECT', 'KAFKA_PROCESS_ROLES')).toEqual([
    expect.stringContaining(
      'StatefulSet kafka: its mode changes from zookeeper to kraft: an existing cluster is migrated',
    ),
  ]);
});

test('a selector', () => {
  expect(refused('50-apps.k8s.yaml', 'app.kubernetes.io/name: frontend', 'app.kubernetes.io/name: front')).toEqual([
    expect.stringContaining('50-apps.k8s.yaml: Deployment frontend: spec.selector cannot be changed in place'),
  ]);
});

test.each([
  ['00-platform.k8s.yaml', 'kind: Role\n  name: viewer', 'kind: Role\n  name: reader', 'RoleBinding viewer: roleRef'],
  ['30-messaging.k8s.yaml', 'clusterIP: None', 'clusterIP: null', 'Service kafka: spec.clusterIP'],
  ['30-messaging.k8s.yaml', 'restartPolicy: Never', 'restartPolicy: OnFailure', 'Job kafka-topics-'],
])('in %s: %s to %s', (file, from, to, expected) => {
  expect(refused(file, from, to).join('\n')).toContain(`${file}: ${expected}`);
});

test('but neither an image, nor a parameter, nor what is new, nor what is gone', () => {
  expect(refused('20-data.k8s.yaml', 'postgres:16.13-alpine', 'postgres:16.14-alpine')).toEqual([]);
  expect(refused('30-messaging.k8s.yaml', 'name: zookeeper\n', 'name: zoo\n').join()).not.toContain('zoo:');
  expect(refusedChanges(temporaryFolder(), [{ path: '20-data.k8s.yaml', text: before['20-data.k8s.yaml']! }])).toEqual(
    [],
  );
});

test('a storage class, with what becomes of volumes that exist', () => {
  const text = (type: string) =>
    `kind: StorageClass\nmetadata:\n  name: data\nparameters:\n  type: ${type}\nprovisioner: ebs.csi.aws.com\n`;
  const out = temporaryFolder({ '00-platform.k8s.yaml': text('gp3') });
  expect(refusedChanges(out, [{ path: '00-platform.k8s.yaml', text: text('io2') }])).toEqual([
    expect.stringMatching(
      /^00-platform.k8s.yaml: StorageClass data: parameters cannot be changed in place: delete the StorageClass, /,
    ),
  ]);
  expect(
    refusedChanges(out, [{ path: '00-platform.k8s.yaml', text: `${text('gp3')}allowVolumeExpansion: true\n` }]),
  ).toEqual([]);
});
