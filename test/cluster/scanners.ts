import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { stringify } from 'yaml';
import { scratchFolder } from '../runtime/support/process';
import { toolPath } from '../runtime/support/tools';
import type { KubeObject } from './api';
import type { Finding } from './waivers';

/** A finding of an environment that is not named yet. */
export type Found = Omit<Finding, 'environment'>;

type Scanner = (objects: readonly KubeObject[]) => { checks: number; found: Found[] };

/** No scanner knows a Rollout: each is shown the Deployment that it is like, and what it says is about the Rollout. */
const seeingRollouts =
  (scan: Scanner): Scanner =>
  (objects) => {
    const rollouts = ofRollouts(objects).map(({ metadata }) => metadata.name);
    const nameOf = (object: string) => {
      const [kind, name] = object.split('/');
      return kind === 'Deployment' && rollouts.includes(name) ? `Rollout/${name}` : object;
    };
    const { checks, found } = scan(inKnownKinds(objects));
    return { checks, found: found.map((one) => ({ ...one, object: nameOf(one.object) })) };
  };

const ofRollouts = (objects: readonly KubeObject[]) => objects.filter(({ kind }) => kind === 'Rollout');

/**
 * Pods, their number and their autoscaler are as a Deployment's; how one release replaces another is not shown. The Services
 * that the controller moves have in the files no selector, which it writes: here they have it.
 */
function inKnownKinds(objects: readonly KubeObject[]): KubeObject[] {
  const rollouts = ofRollouts(objects);
  const moverOf = ({ kind, metadata }: KubeObject) =>
    rollouts.find(
      (rollout) =>
        kind === 'Service' &&
        rollout.metadata.namespace === metadata.namespace &&
        movedBy(rollout).includes(metadata.name),
    );
  return objects.map((object) => {
    const { kind, spec } = object;
    const mover = moverOf(object);
    if (mover) return { ...object, spec: { ...spec, selector: mover.spec.selector.matchLabels } };
    if (kind === 'HorizontalPodAutoscaler' && spec.scaleTargetRef.kind === 'Rollout') {
      return { ...object, spec: { ...spec, scaleTargetRef: { ...spec.scaleTargetRef, ...DEPLOYMENT } } };
    }
    if (kind !== 'Rollout') return object;
    const { strategy: _, ...rest } = spec;
    return { ...object, ...DEPLOYMENT, spec: rest };
  });
}

const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment' };

const movedBy = ({ spec: { strategy } }: KubeObject): string[] => {
  const { stableService, canaryService, activeService, previewService } = strategy.canary ?? strategy.blueGreen;
  return [stableService, canaryService, activeService, previewService].filter(Boolean);
};

/** What the objects say, in a file of its own. */
function fileOf(objects: readonly KubeObject[]): string {
  const file = join(scratchFolder('scan'), 'all.yaml');
  writeFileSync(file, objects.map((object) => stringify(object, { aliasDuplicateObjects: false })).join('---\n'));
  return file;
}

/** Both end with 1 for findings; without a report something else is wrong. */
function report(tool: string, args: readonly string[], cwd: string): any {
  const { stdout, stderr, error } = spawnSync(toolPath(tool, `bin/${tool}`), args, {
    cwd,
    env: { PATH: process.env['PATH'], HOME: cwd },
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    timeout: 200_000,
  });
  if (error || stdout === '') throw new Error(`${tool} did not report: ${error?.message ?? stderr}`);
  return JSON.parse(stdout);
}

/** The best of its grades. */
const FINE = 10;

/** All of its checks, and of those that have to be asked for the one that we hold to. */
const kubeScore: Scanner = (objects) => {
  const args = ['score', '--output-format=json', '--enable-optional-test=container-seccomp-profile', fileOf(objects)];
  const results = report('kube-score', args, scratchFolder('kube-score')).flatMap(
    ({ type_meta, object_meta, checks }: any) =>
      (checks ?? [])
        .filter(({ skipped }: any) => !skipped)
        .map((one: any) => ({ ...one, object: `${type_meta.kind}/${object_meta.name}` })),
  );
  const found = results
    .filter(({ grade }: any) => grade < FINE)
    .map(({ check, object, comments }: any) => ({
      tool: 'kube-score',
      check: check.id,
      object,
      detail: (comments ?? []).map(({ path, summary }: any) => `${path} ${summary}`.trim()).join('; '),
    }));
  return { checks: results.length, found };
};

/** One environment at a time: in one question about all, a policy of one would do for the pods of another. */
const checkov: Scanner = (objects) => {
  const args = ['-f', fileOf(objects), '--framework=kubernetes', '--output=json', '--quiet', '--compact'];
  const { results, summary } = report('checkov', args, scratchFolder('checkov'));
  if (summary.parsing_errors > 0) throw new Error(`checkov cannot read ${summary.parsing_errors} files`);
  const found = results.failed_checks.map(({ check_id, check_name, resource }: any) => {
    const [kind, , name] = resource.split('.');
    return { tool: 'checkov', check: check_id, object: `${kind}/${name}`, detail: check_name };
  });
  return { checks: summary.passed + summary.failed, found };
};

/* Our own reading of checks whose tools cannot be had here: a stand-in, and no word of theirs. */

interface Rule {
  /** As its tool calls it. */
  readonly check: string;
  /** What is wrong with an object. */
  readonly wrong: (object: KubeObject, all: readonly KubeObject[]) => string[];
}

const templateOf = ({ kind, spec }: KubeObject) =>
  kind === 'CronJob' ? spec.jobTemplate.spec.template : spec?.template;
const containersOf = (object: KubeObject): any[] => {
  const spec = templateOf(object)?.spec;
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
};
const ofKind =
  (kind: RegExp, wrong: Rule['wrong']): Rule['wrong'] =>
  (object, all) =>
    kind.test(object.kind) ? wrong(object, all) : [];
const when = (wrong: unknown, text: string): string[] => (wrong ? [text] : []);
const rule = (check: string, kind: RegExp, wrong: Rule['wrong']): Rule => ({ check, wrong: ofKind(kind, wrong) });
const inRules = (check: string, isWrong: (one: any) => boolean): Rule =>
  rule(check, /^(Cluster)?Role$/, ({ rules }) =>
    (rules ?? []).filter(isWrong).map((one: any) => `${one.verbs} of ${one.resources}`),
  );
const CREDENTIAL = /passw|passphrase|secret|token|credential|api_?key|private_?key/i;
const WORKLOADS = /^(Deployment|StatefulSet|Job|CronJob)$/;

/** Values that are names of files, numbers or references hold no credential. */
const isPlain = (value: string) => !/^(\/\S*|[0-9.]+|true|false|)$/.test(value) && !value.includes('$(');
const pairs = (data: Record<string, string> = {}) =>
  Object.entries(data)
    .filter(([name, value]) => CREDENTIAL.test(name) && isPlain(value))
    .map(([name]) => name);

export const STAND_INS: Record<string, readonly Rule[]> = {
  'kube-linter': [
    rule('pdb-unhealthy-pod-eviction-policy', /^PodDisruptionBudget$/, ({ spec }) =>
      when(!spec.unhealthyPodEvictionPolicy, 'pods that are not ready hold up a drain'),
    ),
    rule('pdb-max-unavailable', /^PodDisruptionBudget$/, ({ spec }) =>
      when([0, '0', '0%'].includes(spec.maxUnavailable), 'no pod may ever go'),
    ),
    rule('env-var-secret', WORKLOADS, (object) =>
      containersOf(object).flatMap(({ name, env = [] }) =>
        pairs(Object.fromEntries(env.map((one: any) => [one.name, one.value ?? '']))).map((key) => `${name} ${key}`),
      ),
    ),
    rule('duplicate-env-var', WORKLOADS, (object) =>
      containersOf(object).flatMap(({ name, env = [] }) => {
        const names: string[] = env.map((one: any) => one.name);
        return names.filter((one, index) => names.indexOf(one) !== index).map((one) => `${name} ${one}`);
      }),
    ),
    inRules('wildcard-in-rules', (one) => [...one.verbs, ...one.resources].includes('*')),
    inRules('access-to-secrets', (one) => one.resources.includes('secrets')),
    inRules(
      'access-to-create-pods',
      (one) => one.resources.some((name: string) => /^(pods|\*)$/.test(name)) && one.verbs.includes('create'),
    ),
    rule('exposed-services', /^Service$/, ({ spec }) =>
      when(['NodePort', 'LoadBalancer'].includes(spec.type), `of type ${spec.type}`),
    ),
    rule('cluster-admin-role-binding', /RoleBinding$/, ({ roleRef }) =>
      when(roleRef.name === 'cluster-admin', 'binds cluster-admin'),
    ),
  ],
  polaris: [
    rule('pdbMinAvailableGreaterThanHPAMinReplicas', /^PodDisruptionBudget$/, ({ metadata, spec }, all) => {
      const scaler = all.find(
        (one) => one.kind === 'HorizontalPodAutoscaler' && one.spec.scaleTargetRef.name === metadata.name,
      );
      const fewest = scaler?.spec.minReplicas ?? 1;
      return when(scaler && spec.minAvailable >= fewest, `${spec.minAvailable} of ${fewest} pods must stay`);
    }),
    rule('hpaMaxAvailability', /^HorizontalPodAutoscaler$/, ({ spec }) =>
      when(spec.maxReplicas <= (spec.minReplicas ?? 1), `from ${spec.minReplicas} to ${spec.maxReplicas} pods`),
    ),
    rule('tlsSettingsMissing', /^Ingress$/, ({ spec }) => when(!spec.tls?.length, 'without TLS')),
    rule('sensitiveConfigmapContent', /^ConfigMap$/, ({ data }) => pairs(data)),
  ],
  kubescape: [
    rule('C-0054', /^Namespace$/, ({ metadata }, all) =>
      when(
        !all.some(({ kind, metadata: { namespace } }) => kind === 'NetworkPolicy' && namespace === metadata.name),
        'a namespace without network policies',
      ),
    ),
  ],
  kyverno: [
    rule('disallow-empty-ingress-host', /^Ingress$/, ({ spec }) =>
      (spec.rules ?? [{}]).flatMap(({ host }: any) => when(!host, 'a rule for every host')),
    ),
    rule('disallow-default-namespace', WORKLOADS, ({ metadata }) =>
      when([undefined, 'default'].includes(metadata.namespace), 'in the default namespace'),
    ),
  ],
};

const standIns: Scanner = (objects) => {
  const found = Object.entries(STAND_INS).flatMap(([tool, rules]) =>
    rules.flatMap(({ check, wrong }) =>
      objects.flatMap((object) =>
        wrong(object, objects).map((detail) => ({
          tool,
          check,
          object: `${object.kind}/${object.metadata.name}`,
          detail,
        })),
      ),
    ),
  );
  return { checks: Object.values(STAND_INS).flat().length * objects.length, found };
};

export const SCANNERS = {
  'kube-score': seeingRollouts(kubeScore),
  checkov: seeingRollouts(checkov),
  'stand-ins': seeingRollouts(standIns),
};
