import { Cron } from 'cdk8s';
import * as kplus from 'cdk8s-plus-27';

import { finishedObjects } from '../../src/outputs/plain';
import { testSystem } from '../support/system';

// Our users know cdk8s-plus: what they have in it can be put beside our constructs.
test('cdk8s-plus constructs in a layer get its file, the namespace and the labels of the system', () => {
  const system = testSystem();
  const metadata = { name: 'nightly' };
  new kplus.ConfigMap(system.layer('apps'), 'settings', { metadata, data: { key: 'value' } });
  new kplus.CronJob(system.layer('apps'), 'nightly', {
    metadata,
    schedule: Cron.daily(),
    containers: [{ image: 'acme/tool:1' }],
  });
  const objects = finishedObjects(system).filter(({ manifest }) => manifest.metadata.name === 'nightly');
  expect(objects.map(({ layer, manifest }) => [layer, manifest.kind, manifest.metadata.namespace])).toEqual([
    ['config', 'ConfigMap', 'shop'],
    ['apps', 'CronJob', 'shop'],
  ]);
  for (const { manifest } of objects) {
    expect(manifest.metadata.labels).toMatchObject({ 'app.kubernetes.io/part-of': 'shop', environment: 'test' });
  }
});
