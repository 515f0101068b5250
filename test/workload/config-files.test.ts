import { finished, testSystem } from '../support/system';
import { WebService } from '../../src/workload/web-service';

const build = (files: [path: string, content: string][]) => {
  const system = testSystem();
  const service = new WebService(system.layer('apps'), 'shop', {
    image: { repository: 'acme/shop', tag: '1', profile: 'fastapi' },
    port: 8080,
    migrations: { command: ['migrate'], lock: 'none' },
  });
  for (const [path, content] of files) service.addConfigFile(path, content);
  return finished(system);
};

test('files are mounted by their folders, in every container of the application, whatever their order', () => {
  const files: [string, string][] = [
    ['/etc/shop/b.conf', 'b'],
    ['/etc/other/c.conf', 'c'],
    ['/etc/shop/a.conf', 'a'],
  ];
  const objects = build(files);
  expect(objects.one('ConfigMap', 'shop-files').data).toEqual({ 'a.conf': 'a', 'b.conf': 'b', 'c.conf': 'c' });
  const { template } = objects.one('Deployment', 'shop').spec;
  expect(template.spec.volumes.slice(0, 2)).toEqual([
    { name: 'files', configMap: { name: 'shop-files', items: [{ key: 'c.conf', path: 'c.conf' }] } },
    {
      name: 'files-2',
      configMap: {
        name: 'shop-files',
        items: [
          { key: 'a.conf', path: 'a.conf' },
          { key: 'b.conf', path: 'b.conf' },
        ],
      },
    },
  ]);
  const mounts = [
    { name: 'files', mountPath: '/etc/other', readOnly: true },
    { name: 'files-2', mountPath: '/etc/shop', readOnly: true },
  ];
  for (const container of [...template.spec.initContainers, ...template.spec.containers]) {
    expect(container.volumeMounts.slice(0, 2)).toEqual(mounts);
  }
  expect(build([...files].reverse()).objects).toEqual(objects.objects);
});

test('pods roll when a file changes; without files nothing is there', () => {
  const checksum = (files: [string, string][]) =>
    build(files).one('Deployment', 'shop').spec.template.metadata.annotations['checksum/files'];
  expect(checksum([['/etc/shop/a', '1']])).not.toBe(checksum([['/etc/shop/a', '2']]));
  expect(checksum([])).toBeUndefined();
  expect(
    build([])
      .all('ConfigMap')
      .map(({ metadata }) => metadata.name),
  ).toEqual(['shop-config']);
});

test.each(['shop.conf', '/shop.conf', '/etc/shop/', '/etc/../shop.conf', '/etc/shop/a b'])(
  'refuses the path %p',
  (path) =>
    expect(() => build([[path, '']])).toThrow(
      `configFile: expected the absolute path of a file in a folder, such as /etc/shop/shop.conf, got "${path}"`,
    ),
);

test('refuses two files of one name', () =>
  expect(() =>
    build([
      ['/etc/a/x', ''],
      ['/etc/b/x', ''],
    ]),
  ).toThrow('configFile: "/etc/b/x" has the same name as "/etc/a/x", and both are keys of one ConfigMap; rename one'));
