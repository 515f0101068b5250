/** @tools cyclonus nca */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { podTemplateOf } from '../../src/platform/pod-template';
import { proof } from '../runtime/support/proof';
import { environments, objectsOf } from '../support/dist';
import type { KubeObject } from './api';
import { askCyclonus } from './network-cyclonus';
import {
  declarationOf,
  type Declaration,
  declaredGraph,
  differences,
  type Graph,
  withoutParty,
} from './network-declared';
import { askNca } from './network-nca';
import { isPlainPolicy, type World, worldOf } from './network-world';

const namespaces = new Map(
  environments().map((environment) => {
    const { metadata } = objectsOf(environment).find(({ kind }) => kind === 'Namespace');
    return [environment, metadata.name as string];
  }),
);

/** A namespace of another environment, where pods have the same names and may have the same labels. */
const neighbourOf = (environment: string): string =>
  [...namespaces.values()].find((name) => name !== namespaces.get(environment))!;

/** The world of an environment, of its objects or of others in their place. */
function worldFor(environment: string, declaration: Declaration, objects: readonly KubeObject[]): World {
  return worldOf(objects, declaration.relations, neighbourOf(environment));
}

const isOwn = ({ own }: World, end: string) => own.some((namespace) => end.startsWith(`${namespace}/`));

/** Each end by itself: a policy that opens too much is a fault, though that of the other end may stop it today. */
function ownEnd(world: World, graph: Graph, end: 0 | 1): Graph {
  return new Map([...graph].filter(([pair]) => isOwn(world, pair.split(' → ')[end]!)));
}

function cyclonusProblems(world: World, declared: Graph): string[] {
  const { egress, ingress, both } = askCyclonus(world);
  return [
    ...differences(declared, both, 'cyclonus'),
    ...differences(ownEnd(world, declared, 0), egress, 'cyclonus, egress'),
    ...differences(ownEnd(world, declared, 1), ingress, 'cyclonus, ingress'),
  ];
}

const ncaProblems = (world: World, declared: Graph) => differences(declared, askNca(world), 'nca');

/** To a pod on its node's network no policy applies, and neither analyzer knows it. */
const onNodeNetwork = (objects: readonly KubeObject[]) =>
  objects.filter((object) => podTemplateOf(object)?.spec?.hostNetwork).map(({ metadata }) => metadata.name);

/** Every pair and port that was tried, for whoever wants to read it. */
function writeList(environment: string, { ports }: World, declared: Graph): void {
  const path = join('.build/network', `${environment.replace('/', '-')}.txt`);
  mkdirSync(dirname(path), { recursive: true });
  const head = `Tried for every pair, closed unless the pair's line says open: ${ports.join(' ')}`;
  const lines = [...declared].map(
    ([pair, open]) => `${pair}: ${open.size > 0 ? `open ${[...open].join(' ')}` : 'closed'}`,
  );
  writeFileSync(path, `${[head, ...lines].join('\n')}\n`);
}

const count = (graph: Graph) => [...graph.values()].reduce((sum, ports) => sum + ports.size, 0);

describe.each(environments())('%s', (environment) => {
  const declaration = declarationOf(environment);
  const objects = objectsOf(environment);
  const world = worldFor(environment, declaration, objects);
  const declared = declaredGraph(declaration, world);
  const tried = `${world.pairs.length} pairs × ${world.ports.length} ports, ${count(declared)} open`;

  test('every declared end is somebody, and under the policies', () => {
    expect(withoutParty(declaration, world)).toEqual([]);
    expect(onNodeNetwork(objects)).toEqual([]);
    expect(count(declared)).toBeGreaterThan(50);
    writeList(environment, world, declared);
  });

  proof(`${environment}: cyclonus finds the declared connections open, and no other`, async () => {
    expect(cyclonusProblems(world, declared)).toEqual([]);
    return tried;
  });

  proof(`${environment}: network-config-analyzer finds the declared connections open, and no other`, async () => {
    expect(ncaProblems(world, declared)).toEqual([]);
    return tried;
  });
});

/** A fault in the policies of an environment, and what then stands first in the lists of both analyzers. */
function seen(
  environment: string,
  title: string,
  change: (policies: KubeObject[]) => KubeObject[],
  problem: RegExp,
): void {
  proof(
    `${title} is seen`,
    async () => {
      const declaration = declarationOf(environment);
      const objects = objectsOf(environment);
      const others = objects.filter((object) => !isPlainPolicy(object));
      const changed = change(objects.filter(isPlainPolicy));
      const world = worldFor(environment, declaration, [...others, ...changed]);
      const declared = declaredGraph(declaration, world);
      const problems = [cyclonusProblems(world, declared), ncaProblems(world, declared)];
      for (const list of problems) expect(list).toContainEqual(expect.stringMatching(problem));
      return `${problems.map(({ length }) => length).join(' and ')} problems, as "${problems[1]![0]}"`;
    },
    180,
  );
}

const policiesOf = (environment: string) => objectsOf(environment).filter(isPlainPolicy);
const bySize = environments().sort((a, b) => policiesOf(a).length - policiesOf(b).length);
const smallest = bySize[0]!;
/** Of each system one: they have other relations. */
const smallestOfEach = [...new Map(bySize.toReversed().map((name) => [name.split('/')[0], name])).values()];
const others = (policies: readonly KubeObject[], name: string) =>
  policies.filter(({ metadata }) => metadata.name !== name);

describe.each(smallestOfEach)('without a policy of %s', (environment) => {
  for (const { metadata } of policiesOf(environment)) {
    const { name } = metadata;
    // Whom no policy selects is open to all; whom default deny still selects has lost what was declared.
    const problem = name === 'default-deny' ? /^open and not declared: / : /^declared and closed: /;
    seen(
      environment,
      `${environment}: that the policy ${name} is missing`,
      (policies) => others(policies, name),
      problem,
    );
  }
});

/** The first rule, of any policy of a list, that fits. */
function rule(policies: readonly KubeObject[], end: 'ingress' | 'egress', fits: (text: string) => boolean): KubeObject {
  const rules: KubeObject[] = policies.flatMap(({ spec }) => spec[end] ?? []);
  const found = rules.find((one) => fits(JSON.stringify(one)));
  if (!found) throw new Error(`no ${end} rule to break: choose another environment`);
  return found;
}

seen(
  smallest,
  'a port too many',
  (policies) => {
    rule(policies, 'ingress', (text) => text.includes('namespaceSelector')).ports.push({ port: 22, protocol: 'TCP' });
    return policies;
  },
  /^open and not declared: .* tcp\/22 /,
);

seen(
  smallest,
  'a rule without ports',
  (policies) => {
    delete rule(policies, 'ingress', (text) => text.includes('namespaceSelector')).ports;
    return policies;
  },
  /^open and not declared: .* sctp\/65535 /,
);

seen(
  smallest,
  'a namespace selector that selects all',
  (policies) => {
    rule(policies, 'ingress', (text) => text.includes('namespaceSelector')).from[0].namespaceSelector = {};
    return policies;
  },
  /^open and not declared: default\/like-/,
);

seen(
  smallest,
  'a pod selector that asks for a label less',
  (policies) => {
    for (const { spec } of policies) delete spec.podSelector.matchLabels?.['app.kubernetes.io/instance'];
    return policies;
  },
  /^open and not declared: .*-without-instance/,
);

const EXCEPT = /"except":\["/;
const reaching = environments().find((environment) => EXCEPT.test(JSON.stringify(policiesOf(environment))))!;

seen(
  reaching,
  'a range that no longer leaves out the metadata address',
  (policies) => {
    const { ipBlock } = rule(policies, 'egress', (text) => EXCEPT.test(text)).to[0];
    ipBlock.except = ipBlock.except.filter((cidr: string) => !cidr.startsWith('169.254.'));
    return policies;
  },
  /^open and not declared: .* → metadata 169\.254\.169\.254 tcp\/443 /,
);

proof('a port that only one end opens is seen by cyclonus, which judges each by itself', async () => {
  const declaration = declarationOf(smallest);
  const objects = objectsOf(smallest);
  const own = (text: string) => !text.includes('namespaceSelector') && !text.includes('ipBlock');
  const policies = objects.filter(isPlainPolicy);
  rule(policies, 'egress', own).ports.push({ port: 22, protocol: 'TCP' });
  const world = worldFor(smallest, declaration, objects);
  const problems = cyclonusProblems(world, declaredGraph(declaration, world));
  expect(problems.length).toBeGreaterThan(0);
  for (const problem of problems) expect(problem).toMatch(/^open and not declared: .* tcp\/22 \(cyclonus, egress\)$/);
  return problems.join('; ');
});
