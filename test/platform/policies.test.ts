import { generateKeyPairSync } from 'node:crypto';

import type { PoliciesSettings, PolicyExceptionSettings, PolicyRuleName } from '../../src/platform/policies/settings';
import { RULE_NAMES } from '../../src/platform/policies/settings';
import { WebService } from '../../src/workload/web-service';
import { type Complete, leavesWithoutEffect } from '../support/leaves';
import { finished, testSystem } from '../support/system';

const publicKey = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' }).toString();

const KEY = publicKey();

const web = { image: { repository: 'ghcr.io/acme/shop', tag: '1', profile: 'fastapi' as const }, port: 8080 };

const make = (policies: PoliciesSettings | undefined, props: object = {}) => {
  const system = testSystem({ ...props, ...(policies && { policies }) });
  new WebService(system.layer('apps'), 'web', web);
  return finished(system);
};

const BOTH: Complete<PoliciesSettings> = {
  engines: ['kubernetes', 'kyverno'],
  action: 'warn',
  rules: [...RULE_NAMES],
  allowedRegistries: ['ghcr.io/acme'],
  clusterImages: ['docker.io/daprio'],
  requiredLabels: ['environment'],
  signedImages: {
    images: ['ghcr.io/acme/*'],
    publicKeys: [KEY],
    identities: [{ issuer: 'https://issuer.example.com', subject: 'https://example.com/release@*' }],
    transparencyLog: true,
  },
  exceptions: [{ workload: 'web', rules: ['probes'], reason: 'tells nobody how it is' }],
  withoutKyverno: 'admit',
};

const POLICY = 'ValidatingAdmissionPolicy';
const names = (objects: readonly any[]) => objects.map(({ metadata }) => metadata.name).sort();

describe('policies', () => {
  test('none, unless they are asked for', () => {
    const { objects } = make(undefined);
    expect(objects.filter(({ kind }) => kind.includes('Polic') && kind !== 'NetworkPolicy')).toEqual([]);
  });

  test('minimal', () => {
    const found = make({ allowedRegistries: ['ghcr.io'] });
    expect(found.objects.filter(({ apiVersion }) => apiVersion.startsWith('admissionregistration'))).toMatchSnapshot();
    expect(found.all('NamespacedValidatingPolicy')).toEqual([]);
  });

  test('a rule without variables has no list of them, which the API server would drop', () => {
    const lists = make(BOTH)
      .objects.filter(({ kind }) => kind.endsWith('ValidatingPolicy') || kind === POLICY)
      .flatMap(({ spec }) => [spec.variables, spec.matchConditions, spec.validations]);
    expect(lists.filter((list) => list?.length === 0)).toEqual([]);
    expect(lists).toContain(undefined);
  });

  test('each setting has an effect', () => {
    const build = (policies: PoliciesSettings) => {
      const system = testSystem({ policies });
      for (const name of ['web', 'web1']) new WebService(system.layer('apps'), name, web);
      return finished(system).objects;
    };
    // Words of which only some are known: each of these settings has its own test below.
    const { engines, action, rules: _rules, withoutKyverno, signedImages, exceptions, ...open } = BOTH;
    const [exception] = exceptions;
    const effects = leavesWithoutEffect({ ...open, signedImages, exceptions: [exception!] }, (policies) => {
      const rules: PolicyRuleName[] = ['image-registries', 'probes', 'required-labels'];
      const [{ workload, reason }] = policies.exceptions as [PolicyExceptionSettings];
      const identities = policies.signedImages.transparencyLog ? policies.signedImages.identities : [];
      return build({
        ...policies,
        engines,
        action,
        withoutKyverno,
        signedImages: { ...policies.signedImages, identities },
        exceptions: ['web', 'web1'].map((name) => ({ workload: name, rules, reason: `${workload}: ${reason}` })),
      });
    });
    expect(effects).toEqual(['exceptions.0.rules.0']);
  });

  test('each engine has each rule, with the same questions', () => {
    const found = make({ ...BOTH, signedImages: undefined });
    expect(names(found.all(POLICY))).toEqual(RULE_NAMES.map((rule) => `shop-test-${rule}`));
    expect(names(found.all('ValidatingAdmissionPolicyBinding'))).toEqual(names(found.all(POLICY)));
    const inNamespace = RULE_NAMES.filter((rule) => rule !== 'default-namespace');
    expect(names(found.all('NamespacedValidatingPolicy'))).toEqual(inNamespace);
    for (const rule of RULE_NAMES) {
      const own = found.one(POLICY, `shop-test-${rule}`).spec;
      const kyverno =
        rule === 'default-namespace'
          ? found.one('ValidatingPolicy', 'shop-test-default-namespace')
          : found.one('NamespacedValidatingPolicy', rule);
      expect(kyverno.spec.validations).toEqual(own.validations);
      expect(kyverno.spec.variables).toEqual(own.variables);
      expect(kyverno.spec.matchConditions).toEqual(own.matchConditions);
      expect(kyverno.spec.matchConstraints.resourceRules).toEqual(own.matchConstraints.resourceRules);
    }
  });

  test('an engine that is not asked for has nothing', () => {
    expect(make({ engines: ['kyverno'] }).all(POLICY)).toEqual([]);
    expect(make({ engines: ['kubernetes'] }).objects.filter(({ apiVersion }) => /kyverno/.test(apiVersion))).toEqual(
      [],
    );
  });

  test('they hold in the namespaces of the system, and in default for what is called after it', () => {
    const found = make({});
    const bindings = found.all('ValidatingAdmissionPolicyBinding');
    for (const { metadata, spec } of bindings) {
      const { namespaceSelector, objectSelector } = spec.matchResources;
      const isForeign = metadata.name === 'shop-test-default-namespace';
      expect(namespaceSelector).toEqual(
        isForeign
          ? { matchLabels: { 'kubernetes.io/metadata.name': 'default' } }
          : { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['shop'] }] },
      );
      expect(objectSelector).toEqual(
        isForeign ? { matchLabels: { 'app.kubernetes.io/instance': 'shop-test' } } : undefined,
      );
    }
    for (const { spec } of found.all(POLICY)) {
      for (const { scope } of spec.matchConstraints.resourceRules) expect(scope).toBe('Namespaced');
    }
  });

  test('each namespace of a system has them, and the account that nobody uses has no token there', () => {
    const system = testSystem({ namespaces: { data: 'shop-data' }, policies: { ...BOTH, exceptions: [] } });
    new WebService(system.addNamespace('data').layer('apps'), 'web', web);
    const found = finished(system);
    const { namespaceSelector } = found.one('ValidatingAdmissionPolicyBinding', 'shop-test-probes').spec.matchResources;
    expect(namespaceSelector.matchExpressions[0].values).toEqual(['shop', 'shop-data']);
    const places = (kind: string, name: string) =>
      found
        .all(kind)
        .filter(({ metadata }) => metadata.name === name)
        .map(({ metadata }) => metadata.namespace);
    expect(places('NamespacedValidatingPolicy', 'probes')).toEqual(['shop', 'shop-data']);
    expect(places('NamespacedImageValidatingPolicy', 'signed-images')).toEqual(['shop', 'shop-data']);
    expect(places('ServiceAccount', 'default')).toEqual(['shop', 'shop-data']);
    for (const one of found.all('ServiceAccount').filter(({ metadata }) => metadata.name === 'default'))
      expect(one.automountServiceAccountToken).toBe(false);
    expect(
      make({ rules: ['probes'] })
        .all('ServiceAccount')
        .map(({ metadata }) => metadata.name),
    ).not.toContain('default');
  });

  test.each([
    ['deny', ['Deny']],
    ['warn', ['Audit', 'Warn']],
    ['audit', ['Audit']],
  ] as const)('%s is told to every engine', (action, expected) => {
    const found = make({ ...BOTH, action });
    const told = [
      ...found.all('ValidatingAdmissionPolicyBinding'),
      ...found.all('NamespacedValidatingPolicy'),
      ...found.all('ValidatingPolicy'),
      ...found.all('NamespacedImageValidatingPolicy'),
    ].map(({ spec }) => spec.validationActions);
    expect(told.length).toBe(9 + 8 + 1 + 2);
    for (const one of told) expect(one).toEqual(expected);
  });

  test('while Kyverno is away it is as the setting says, and the API server is never away', () => {
    for (const [withoutKyverno, failurePolicy] of [
      ['admit', 'Ignore'],
      ['refuse', 'Fail'],
    ] as const) {
      const found = make({ ...BOTH, withoutKyverno });
      const kinds = ['NamespacedValidatingPolicy', 'ValidatingPolicy', 'NamespacedImageValidatingPolicy'];
      for (const { spec } of kinds.flatMap((kind) => found.all(kind))) expect(spec.failurePolicy).toBe(failurePolicy);
      for (const { spec } of found.all(POLICY)) expect(spec.failurePolicy).toBe('Fail');
    }
  });

  test('only the rules that are named are asked, and none that cannot be', () => {
    const rules = (settings: PoliciesSettings, props = {}) =>
      names(make(settings, props).all(POLICY)).map((name) => name.replace('shop-test-', ''));
    expect(rules({ rules: ['resources', 'probes'] })).toEqual(['probes', 'resources']);
    expect(rules({})).toEqual(RULE_NAMES.filter((rule) => rule !== 'image-registries'));
    expect(rules({}, { allowLatestImages: true })).not.toContain('image-tags');
  });

  test('the order in which settings list things makes no difference', () => {
    const reversed = (value: any): any =>
      Array.isArray(value)
        ? [...value].reverse()
        : typeof value === 'object'
          ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, reversed(one)]))
          : value;
    const settings: PoliciesSettings = {
      ...BOTH,
      allowedRegistries: ['quay.io', 'ghcr.io'],
      engines: ['kyverno', 'kubernetes'],
    };
    expect(make(reversed(settings)).objects).toEqual(make(settings).objects);
  });

  test('an exception leaves out one workload of the named rules, and says why', () => {
    const found = make({ ...BOTH, exceptions: [{ workload: 'web', rules: ['probes'], reason: 'has no probes' }] });
    const isExcepted = ({ metadata, spec }: any) =>
      spec.matchConditions.some(({ expression }: any) => expression.includes("in ['web']")) &&
      metadata.annotations?.['cdk8s-webstack/except-web'] === 'has no probes';
    const excepted = [...found.all(POLICY), ...found.all('NamespacedValidatingPolicy')].filter(isExcepted);
    expect(names(excepted)).toEqual(['probes', 'shop-test-probes']);
  });
});

describe('signed images', () => {
  const signed = (settings: Partial<Complete<PoliciesSettings>['signedImages']> = {}) =>
    make({ ...BOTH, signedImages: { images: ['ghcr.io/acme/*'], publicKeys: [KEY], ...settings } });
  const spec = (found = signed()) => found.one('NamespacedImageValidatingPolicy', 'signed-images').spec;

  test('are asked of workloads and of pods, where the tag becomes the digest that was signed', () => {
    const found = signed();
    const [pods, workloads] = ['signed-images', 'signed-images-workloads'].map(
      (name) => found.one('NamespacedImageValidatingPolicy', name).spec,
    );
    const resources = ({ matchConstraints }: any) =>
      matchConstraints.resourceRules.flatMap((one: any) => one.resources);
    expect(resources(pods)).toEqual(['pods', 'pods/ephemeralcontainers']);
    expect(resources(workloads)).toEqual(['daemonsets', 'deployments', 'statefulsets', 'cronjobs', 'jobs']);
    expect(pods.validationConfigurations).toMatchObject({ mutateDigest: true, required: true });
    expect(workloads.validationConfigurations).toMatchObject({ mutateDigest: false, required: true });
  });

  test('by a key, or by one of several signers', () => {
    const identities = [
      { issuer: 'https://issuer.example.com', subject: 'https://example.com/release@main' },
      { issuer: 'https://issuer.example.com', subject: 'https://example.com/release@v*' },
    ];
    expect(spec().attestors).toEqual([{ name: 'key1', cosign: { key: { data: KEY } } }]);
    const { attestors, validations, matchImageReferences } = spec(
      signed({ publicKeys: [KEY, publicKey()], identities }),
    );
    expect(attestors.map(({ name }: any) => name)).toEqual(['key1', 'key2', 'identities']);
    expect(attestors[2].cosign.keyless.identities).toEqual([
      identities[0],
      { issuer: 'https://issuer.example.com', subjectRegExp: '^https://example\\.com/release@v.*$' },
    ]);
    for (const { expression } of validations)
      expect(expression).toContain('[attestors.key1, attestors.key2, attestors.identities]');
    expect(matchImageReferences).toEqual([{ glob: 'ghcr.io/acme/*' }]);
  });

  test('outside the public log, where the settings say so', () => {
    const [{ cosign }] = spec(signed({ transparencyLog: false })).attestors;
    expect(cosign.ctlog).toEqual({ insecureIgnoreTlog: true, insecureIgnoreSCT: true });
  });
});

describe('what is refused', () => {
  const signedImages = { images: ['ghcr.io/acme/*'], publicKeys: [KEY] };
  const identities = [{ issuer: 'https://issuer.example.com', subject: 'x' }];
  const rules: PolicyRuleName[] = ['image-registries'];
  test.each<[string, PoliciesSettings, string]>([
    [
      'signatures without Kyverno',
      { signedImages },
      'policies.signedImages: expected kyverno among policies.engines, got kubernetes: the API server itself cannot check ' +
        'signatures; add kyverno, or remove it',
    ],
    [
      'signatures of nobody',
      { engines: ['kyverno'], signedImages: { images: ['*'] } },
      'policies.signedImages: expected publicKeys or identities, got neither; say who signs',
    ],
    [
      'identities without the log',
      { engines: ['kyverno'], signedImages: { images: ['*'], identities, transparencyLog: false } },
      'policies.signedImages.transparencyLog: is false',
    ],
    ['Kyverno being away where it never was', { withoutKyverno: 'admit' }, 'policies.withoutKyverno: is set, and'],
    [
      'registries that nobody tells',
      { rules },
      'policies.rules: has image-registries, and no policies.allowedRegistries',
    ],
    [
      'images of the cluster where any may come',
      { clusterImages: ['quay.io/a'] },
      'policies.clusterImages: is set, and no policies.allowedRegistries',
    ],
    [
      'registries that have not what we run',
      { allowedRegistries: ['ghcr.io/other', 'docker.io'] },
      'policies.allowedRegistries: expected one that ghcr.io/acme/shop:1 comes from; add it, or take the image from another',
    ],
    [
      'labels that not all have',
      { requiredLabels: ['cost-center'] },
      'policies.requiredLabels: expected labels that all have, and Service web has no cost-center; give it one under ' +
        'costLabels, or remove it here',
    ],
    [
      'an exception for nobody',
      { exceptions: [{ workload: 'nobody', rules: ['probes'], reason: 'is not there' }] },
      'policies.exceptions: expected a workload of the system, got nobody; take one of web',
    ],
  ])('%s', (_, policies, message) => expect(() => make(policies)).toThrow(message));

  test('nothing, where what we run is as the settings say', () => {
    const settings = { allowedRegistries: ['ghcr.io/acme/shop'], requiredLabels: ['cost-center'] };
    expect(() => make(settings, { costLabels: { 'cost-center': 'cc-1' } })).not.toThrow();
    const exceptions: PoliciesSettings['exceptions'] = [
      { workload: 'web', rules: ['image-registries'], reason: 'comes from elsewhere' },
    ];
    expect(() => make({ allowedRegistries: ['ghcr.io/other'], exceptions })).not.toThrow();
  });
});
