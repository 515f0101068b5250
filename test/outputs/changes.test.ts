import { changesBetween } from '../../src/outputs/changes';
import { changesAsMarkdown, changesAsText, COMMENT_LIMIT, COMMENT_MARK } from '../../src/outputs/changes-report';
import { HEADER, type OutputFile } from '../../src/outputs/plain';
import { toYaml } from '../../src/outputs/yaml';

const file = (path: string, ...objects: any[]): OutputFile => ({
  path,
  text: HEADER + objects.map(toYaml).join('---\n'),
});
const object = (kind: string, name: string, more: object = {}, apiVersion = 'v1') => ({
  apiVersion,
  kind,
  metadata: { name, namespace: 'shop' },
  ...more,
});
const deployment = (replicas: number, containers: any[], labels = { app: 'web' }) =>
  object('Deployment', 'web', { spec: { replicas, selector: labels, template: { spec: { containers } } } }, 'apps/v1');

const APPS = 'shop/dev/50-apps.k8s.yaml';
const of = (before: any[], after: any[], path = APPS) =>
  changesBetween([file(path, ...before)], [file(path, ...after)]);
const fieldsOf = (before: any, after: any) => of([before], [after]).environments[0]!.objects[0]!.fields;
const markdown = (changes: any, limit?: number) => changesAsMarkdown(changes, { limit, rest: 'elsewhere' });

describe('objects', () => {
  test('are added, changed and removed, environment by environment', () => {
    const before = [
      file(APPS, object('Service', 'a'), object('Service', 'b', { spec: {} })),
      file('shop/test/50-apps.k8s.yaml', object('Service', 'a')),
    ];
    const after = [
      file(APPS, object('Service', 'b', { spec: { type: 'ClusterIP' } }), object('Service', 'c')),
      file('shop/test/50-apps.k8s.yaml', object('Service', 'a')),
    ];
    expect(changesAsText(changesBetween(before, after))).toBe(
      [
        'shop/dev: 1 added, 1 changed, 1 removed',
        '  - Service shop/a',
        '  ! Service shop/b',
        '  +   spec.type: ClusterIP',
        '  + Service shop/c',
      ].join('\n'),
    );
  });

  test('are the same in another file, another order or another layout', () => {
    const [a, b] = [object('Service', 'a'), object('Service', 'b')];
    expect(of([a, b], [b, a]).environments).toEqual([]);
    expect(changesBetween([file(APPS, a)], [file('shop/dev/60-edge.k8s.yaml', a)]).environments).toEqual([]);
    const spaced = {
      path: APPS,
      text: `${HEADER}apiVersion: v1\nkind: "Service"\nmetadata: {name: a, namespace: shop}\n`,
    };
    expect(changesBetween([file(APPS, a)], [spaced]).environments).toEqual([]);
  });

  test('of another version of their API are changed, of another group others', () => {
    const at = (apiVersion: string) => object('Rollout', 'a', {}, apiVersion);
    const told = (after: string) => of([at('x.io/v1')], [at(after)]).environments[0]!.objects.map(({ what }) => what);
    expect(told('x.io/v2')).toEqual(['changed']);
    expect(told('y.io/v1').sort()).toEqual(['added', 'removed']);
  });

  test('whose pod template changes replace their pods, a new replica count does not', () => {
    const replaces = (after: any) =>
      of([deployment(1, [{ name: 'web' }])], [after]).environments[0]!.objects[0]!.replacesPods;
    expect(replaces(deployment(2, [{ name: 'web' }]))).toBe(false);
    expect(replaces(deployment(1, [{ name: 'web', image: 'x' }]))).toBe(true);
  });

  test('that cannot be changed in place are said to be so', () => {
    const containers = [{ name: 'web' }];
    const text = changesAsText(of([deployment(1, containers)], [deployment(1, containers, { app: 'other' })]));
    expect(text).toContain('!   spec.selector cannot be changed in place: delete the Deployment, then apply');
  });
});

describe('fields', () => {
  test('are named to their depth; entries with names by them, in whatever order', () => {
    const before = deployment(1, [
      { name: 'a', image: 'x:1' },
      { name: 'b', args: ['one', 'two'] },
    ]);
    const after = deployment(2, [
      { name: 'b', args: ['one'] },
      { name: 'a', image: 'x:2' },
    ]);
    const inPod = 'spec.template.spec.containers';
    expect(fieldsOf(before, after)).toEqual([
      { path: 'spec.replicas', before: 1, after: 2 },
      { path: `${inPod}[a].image`, before: 'x:1', after: 'x:2' },
      { path: `${inPod}[b].args`, before: ['one', 'two'], after: ['one'] },
    ]);
  });

  test('whose order alone changes are told, for it counts', () => {
    const [a, b] = [{ name: 'a' }, { name: 'b' }];
    expect(fieldsOf(deployment(1, [a, b]), deployment(1, [b, a]))).toEqual([
      { path: 'spec.template.spec.containers', before: ['a', 'b'], after: ['b', 'a'] },
    ]);
  });

  test('of entries without names are told by their place, and keys with points in brackets', () => {
    const rules = (...ports: number[]) =>
      object('NetworkPolicy', 'a', { spec: { ports: ports.map((port) => ({ port })) } });
    expect(fieldsOf(rules(1, 2), rules(1, 3, 4))).toEqual([
      { path: 'spec.ports[1].port', before: 2, after: 3 },
      { path: 'spec.ports[2]', before: undefined, after: { port: 4 } },
    ]);
    const data = (value: string) => object('ConfigMap', 'a', { data: { 'app.yaml': value } });
    expect(fieldsOf(data('1'), data('2'))[0]!.path).toBe('data["app.yaml"]');
  });

  test('of text are told by the lines that change', () => {
    const data = (middle: string) => object('ConfigMap', 'a', { data: { file: `first\n${middle}\nlast\n` } });
    expect(changesAsText(of([data('old')], [data('new')]))).toContain(
      ['      data.file:', '  -     old', '  +     new'].join('\n'),
    );
    const long = Array.from({ length: 200 }, (_, line) => `line ${line}`).join('\n');
    expect(changesAsText(of([data('old')], [data(long)]))).toContain('… and 160 more lines');
  });

  test('of a Secret have no values', () => {
    const secret = (value?: string) =>
      object('Secret', 'a', { data: value ? { key: value } : {}, stringData: { other: value } });
    const text =
      changesAsText(of([secret('c2VjcmV0')], [secret('b3RoZXI=')])) + markdown(of([secret()], [secret('b3RoZXI=')]));
    expect(text).toContain('data.key: (not shown)');
    expect(text).not.toMatch(/c2VjcmV0|b3RoZXI/);
  });
});

describe('the comment of a pull request', () => {
  test('begins with the mark by which it is found, has a table, and the details folded', () => {
    const changes = of(
      [deployment(1, [{ name: 'web' }])],
      [deployment(2, [{ name: 'web', image: 'x' }]), object('Service', 'a')],
    );
    const text = markdown(changes);
    expect(text.startsWith(`${COMMENT_MARK}\n`)).toBe(true);
    expect(text).toContain('| <code>shop/dev</code> | 1 | 1 | 0 | <code>Deployment shop/web</code> |');
    expect(text).toContain('<details><summary><b>shop/dev</b>: 1 added, 1 changed, 0 removed</summary>\n\n```diff\n');
  });

  test('says so when nothing changes, and lists other files', () => {
    const readme = (text: string) => [{ path: 'shop/chart/README.md', text }];
    expect(markdown(changesBetween([], []))).toContain('No object of any environment changes.');
    expect(markdown(changesBetween(readme('a'), readme('b')))).toContain('```text\nshop/chart/README.md\n```');
  });

  test('is not left by text of a manifest: fences, HTML, bars', () => {
    const data = (value: string) => object('ConfigMap', 'a', { data: { file: `x\n${value}\n` } });
    const text = markdown(of([data('old')], [data('````\n</details>\n<script>')], 'a|<b>/dev/50-apps.k8s.yaml'));
    expect(text).toContain('`````diff\n');
    expect(text).toContain('<code>a&#124;&lt;b>/dev</code>');
  });

  test('is cut between blocks at the bound, with a word where the rest is', () => {
    const environments = (tag: string) =>
      Array.from({ length: 60 }, (_, number) =>
        file(
          `shop-ü${number}/dev/50-apps.k8s.yaml`,
          ...Array.from({ length: 40 }, (_, name) =>
            object('ConfigMap', `c${name}`, { data: { value: `${tag}-ü-${name}` } }),
          ),
        ),
      );
    const changes = changesBetween(environments('old'), environments('new'));
    const whole = markdown(changes, Number.MAX_SAFE_INTEGER);
    expect(Buffer.byteLength(whole)).toBeGreaterThan(2 * COMMENT_LIMIT);
    for (const limit of [COMMENT_LIMIT, 10_000, 1_000]) {
      const text = markdown(changes, limit);
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(limit);
      expect(text).toMatch(/\*\*Cut here\*\*, for a comment has its bounds\. All of it: elsewhere\n$/);
      expect(text.split('<details>').length).toBe(text.split('</details>').length);
      expect(whole.startsWith(text.slice(0, text.indexOf('\n**Cut here')))).toBe(true);
    }
    expect(markdown(changes)).toContain('<code>shop-ü59/dev</code>');
  });
});
