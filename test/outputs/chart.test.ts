import { parse } from 'yaml';
import type { Node, ObjectTemplate } from '../../src/outputs/chart/template';
import { asInChart, HELM_ONLY } from '../../src/outputs/chart/helm-only';
import {
  configMap,
  constant,
  ENVIRONMENTS,
  fileOf,
  flag,
  mapOf,
  objectOf,
  placed,
  smallChart,
  TEMPLATES,
} from '../support/small-chart';

test('an object is a file of its own in the folder of its layer, in the namespace of the release', () => {
  expect(fileOf('templates/10-config/it-configmap.yaml', [configMap('it', constant({ a: '1' }), { when: flag })])).toBe(
    `{{- /* Made by cdk8s-webstack from overlays/ and src/. Change those, then run: npm run synth */ -}}
{{- if .Values.flag }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: it
  namespace: {{ .Release.Namespace | quote }}
data:
  a: "1"
{{- end }}
`,
  );
});

test('files are told apart, and the namespace is none of them', () => {
  const namespace = { ...configMap('shop', constant({})), name: 'Namespace//own' };
  const names = ['Secret//a', 'Secret//a-', 'Secret/data/a', 'PrometheusRule//shop-*-platform'];
  const templates = names.map((name) => ({ ...configMap('x', constant({})), name, layer: 'observability' }));
  const paths = smallChart([namespace, ...templates]).map(({ path }) => path);
  expect(paths.filter((path) => /templates\/[0-9]/.test(path))).toEqual([
    './templates/80-observability/a-secret.yaml',
    './templates/80-observability/a-secret-2.yaml',
    './templates/80-observability/data-a-secret.yaml',
    './templates/80-observability/shop-platform-prometheusrule.yaml',
  ]);
});

test('the namespace of the release is that of the system; others are values', () => {
  const other: Node = mapOf({ name: constant('it'), namespace: placed('part.deep.word') });
  const files = smallChart([objectOf('Service/data/it', other), configMap('it', constant({}))]);
  const [service, map] = ['20-data/data-it-service', '10-config/it-configmap'].map(
    (path) => files.find((one) => one.path === `./templates/${path}.yaml`)!.text,
  );
  expect(service).toContain('  namespace: {{ .Values.part.deep.word | quote }}\n');
  expect(map).toContain('  namespace: {{ .Release.Namespace | quote }}\n');
});

const ANNOTATED = 'argocd.argoproj.io/sync-options';
const LEFT = 'Prune=false,Delete=false';

/** The metadata of an object in the chart, with these annotations in its model. */
function metadataOf(kind: string, metadata: Node): string {
  const files = smallChart([objectOf(`${kind}//it`, metadata)]);
  const { text } = files.find(({ path }) => path.startsWith('./templates/20-data/'))!;
  return text.slice(text.indexOf('metadata:\n') + 'metadata:\n'.length).replace(/^ {2}/gm, '');
}

test('helm leaves claims, and what Argo CD leaves just as long', () => {
  const name = constant('it');
  expect(metadataOf('PersistentVolumeClaim', mapOf({ name }))).toBe(
    'name: it\nannotations:\n  helm.sh/resource-policy: keep\n',
  );
  expect(metadataOf('PersistentVolumeClaim', constant({ annotations: { [ANNOTATED]: LEFT } }))).toBe(
    `annotations:\n  ${ANNOTATED}: ${LEFT}\n  helm.sh/resource-policy: keep\n`,
  );
  const sometimes: Node = { map: [{ key: 'annotations', when: flag, node: constant({ [ANNOTATED]: LEFT }) }] };
  expect(metadataOf('PersistentVolumeClaim', sometimes)).toBe(
    `annotations:\n  {{- if .Values.flag }}\n  ${ANNOTATED}: ${LEFT}\n  {{- end }}\n  helm.sh/resource-policy: keep\n`,
  );
  expect(metadataOf('StatefulSet', sometimes)).toContain(
    `  {{- if .Values.flag }}\nannotations:\n  ${ANNOTATED}: ${LEFT}\n  helm.sh/resource-policy: keep\n`.trimStart(),
  );
  const beside = mapOf({
    annotations: {
      map: [
        { key: ANNOTATED, when: flag, node: constant(LEFT) },
        { key: 'x', node: constant('y') },
      ],
    },
  });
  expect(metadataOf('StatefulSet', beside)).toBe(
    `annotations:\n  {{- if .Values.flag }}\n  ${ANNOTATED}: ${LEFT}\n  {{- end }}\n  x: "y"\n  {{- if .Values.flag }}\n  helm.sh/resource-policy: keep\n  {{- end }}\n`,
  );
  expect(metadataOf('StatefulSet', constant({ annotations: { [ANNOTATED]: 'Replace=true' } }))).not.toContain(
    'helm.sh',
  );
});

const SMOKE_TEST = { 'app.kubernetes.io/component': 'smoke-test' };
const smokeTest = (kind: string, more: Partial<ObjectTemplate> = {}) =>
  objectOf(
    `${kind}//smoke-test`,
    constant({ name: 'smoke-test', labels: SMOKE_TEST, annotations: { 'argocd.argoproj.io/hook': 'PostSync' } }),
    { ...more, layer: 'delivery' },
  );

test('the smoke test is run by helm test; what it needs is of the release', () => {
  const files = smallChart([smokeTest('Job', { when: flag }), smokeTest('ServiceAccount')]);
  const [job, account] = ['job', 'serviceaccount'].map(
    (kind) => files.find(({ path }) => path === `./templates/90-delivery/smoke-test-${kind}.yaml`)!.text,
  );
  expect(job).toContain(
    '  annotations:\n    argocd.argoproj.io/hook: PostSync\n    helm.sh/hook: test\n    helm.sh/hook-delete-policy: before-hook-creation\n',
  );
  expect(account).not.toContain('helm.sh');
  const notes = files.find(({ path }) => path === './templates/NOTES.txt')!.text;
  expect(notes).toMatch(/\{\{- if \.Values\.flag \}\}\n.*\n\n {2}helm test \{\{ \.Release\.Name \}\}/);
  expect(files.find(({ path }) => path === './README.md')!.text).toContain(
    'helm test shop --namespace shop --timeout 15m\n',
  );
  expect(fileOf('templates/NOTES.txt', TEMPLATES)).not.toContain('helm test');
});

test('a finished object as it is in a chart', () => {
  const claim = { kind: 'PersistentVolumeClaim', metadata: { name: 'a' } };
  expect(asInChart(claim)).toEqual({
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'a', annotations: { 'helm.sh/resource-policy': 'keep' } },
  });
  const other = { kind: 'ConfigMap', metadata: { name: 'a', annotations: { [ANNOTATED]: 'Replace=true' } } };
  expect(asInChart(other)).toBe(other);
  expect(
    HELM_ONLY.every(({ why, adds }) => why !== '' && Object.keys(adds).every((key) => key.startsWith('helm.sh/'))),
  ).toBe(true);
});

test('every file says whose it is, and the chart which clusters it is for', () => {
  for (const { path, text } of smallChart(TEMPLATES, { environments: ENVIRONMENTS })) {
    const [first = ''] = text.replace(/^\{\n/, '').split('\n');
    expect([path, first]).toEqual([path, expect.stringMatching(/Made by cdk8s-webstack/)]);
  }
  expect(parse(fileOf('Chart.yaml'))).toEqual({
    apiVersion: 'v2',
    name: 'shop',
    description: 'A shop.',
    type: 'application',
    version: '2.0.0',
    appVersion: '1.2.3',
    kubeVersion: '>=1.30.0-0',
  });
});
