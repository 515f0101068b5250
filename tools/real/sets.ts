import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { closest, distance } from 'fastest-levenshtein';

/** What is installed together. Its recipe is the folder of this name beside this file. */
export interface ToolSet {
  readonly name: string;
  /** Commands that its recipe runs. */
  readonly needs: readonly Toolchain[];
  /** What comes of it, in a few words. */
  readonly what: string;
  /** Files and folders outside of the recipe that it reads. */
  readonly sources?: readonly string[];
  /** How long it takes on two cores when nothing is there yet. */
  readonly takes: string;
}

type Toolchain = keyof typeof TOOLCHAINS;

/** How to get what the recipes run. */
export const TOOLCHAINS = {
  go: 'Go 1.26 or newer',
  mvn: 'Maven 3 (Debian and Ubuntu: apt install maven)',
  java: 'a Java runtime, 17 or newer (Debian and Ubuntu: apt install default-jre-headless)',
  npm: 'Node.js with npm',
  python3: 'Python 3 with pip (Debian and Ubuntu: apt install python3-pip)',
  xz: 'xz (Debian and Ubuntu: apt install xz-utils)',
  'apt-get': 'a Debian or Ubuntu: this set unpacks its packages',
  dpkg: 'a Debian or Ubuntu: this set unpacks its packages',
};

export const TOOL_SETS: readonly ToolSet[] = [
  { name: 'postgres', needs: ['mvn', 'java', 'python3', 'xz'], what: 'PostgreSQL 16 with its tools', takes: '10 s' },
  { name: 'alembic', needs: ['python3'], what: 'Alembic, which migrates schemas', takes: '10 s' },
  { name: 'redis', needs: ['apt-get', 'dpkg'], what: 'Redis 7, exporters of Redis and PostgreSQL', takes: '5 s' },
  { name: 'busybox', needs: ['apt-get', 'dpkg'], what: "the small tools of Alpine's images", takes: '2 s' },
  { name: 'nginx', needs: ['apt-get', 'dpkg'], what: 'nginx', takes: '2 s' },
  {
    name: 'prometheus',
    needs: ['apt-get', 'dpkg'],
    what: 'Prometheus and Alertmanager, with promtool and amtool, which try rules and routes',
    takes: '5 s',
  },
  { name: 'grafana', needs: ['python3'], what: "Grafana's model of dashboards", takes: '5 s' },
  { name: 'rclone', needs: ['go'], what: 'rclone: client and server of object stores', takes: '4 min' },
  { name: 'crds', needs: ['go'], what: "other projects' custom resource definitions", takes: '30 s' },
  { name: 'metric-docs', needs: ['go'], what: 'what exporters say of their metrics', takes: '1 min' },
  { name: 'cluster', needs: ['go'], what: 'Kubernetes control plane, etcd, kubectl', takes: '5 min' },
  { name: 'kwok', needs: ['go'], what: 'kwok: nodes and pods that only seem to run', takes: '2 min' },
  { name: 'helm', needs: ['go'], what: 'helm', takes: '2 min' },
  { name: 'kustomize', needs: ['go'], what: 'kustomize', takes: '1 min' },
  { name: 'kafka', needs: ['mvn', 'java'], what: 'Kafka 3.5 and ZooKeeper 3.6', takes: '1 min' },
  { name: 'daprd', needs: ['go'], what: 'the Dapr sidecar', takes: '4 min' },
  { name: 'injector', needs: ['go'], what: "Dapr's sidecar injector, without its control plane", takes: '2 min' },
  { name: 'argocd', needs: ['go'], what: 'Argo CD: what compares a repository with a cluster', takes: '15 min' },
  { name: 'argo-rollouts', needs: ['go'], what: "Argo Rollouts' controller and kubectl plugin", takes: '8 min' },
  { name: 'otel', needs: ['go'], what: 'a collector of OpenTelemetry with our components', takes: '5 min' },
  { name: 'operators', needs: ['go'], what: 'what operators make of custom resources', takes: '6 min' },
  { name: 'kube-score', needs: ['go'], what: 'kube-score: an opinion about manifests', takes: '1 min' },
  { name: 'cyclonus', needs: ['go'], what: 'cyclonus: what network policies allow', takes: '2 min' },
  { name: 'nca', needs: ['python3'], what: 'network-config-analyzer: who reaches whom', takes: '20 s' },
  { name: 'checkov', needs: ['python3'], what: 'checkov: security policies for manifests', takes: '2 min' },
  { name: 'dockerfile', needs: ['go'], what: "BuildKit's checks of Dockerfiles", takes: '2 min' },
  { name: 'actionlint', needs: ['go'], what: "actionlint: checks of GitHub's workflows", takes: '20 s' },
  { name: 'zizmor', needs: ['python3'], what: "zizmor: security checks of GitHub's workflows", takes: '5 s' },
  { name: 'gitleaks', needs: ['go'], what: 'gitleaks: secrets that were committed', takes: '1 min' },
  { name: 'semgrep', needs: ['python3'], what: 'Semgrep: patterns that code must not have', takes: '30 s' },
  { name: 'cosign', needs: ['go'], what: 'cosign, which signs files', takes: '7 min' },
  { name: 'linters', needs: ['python3'], what: 'hadolint and shellcheck', takes: '5 s' },
  {
    name: 'todo-app',
    needs: ['python3', 'npm'],
    sources: [
      'examples/todo-app/backend/requirements.txt',
      ...['app', 'next.config.ts', 'package.json', 'package-lock.json', 'tsconfig.json'].map(
        (file) => `examples/todo-app/frontend/${file}`,
      ),
    ],
    what: 'the Todo App, as its Dockerfiles make it',
    takes: '2 min',
  },
];

const RECIPES = resolve('tools/real');

export const recipeOf = (set: ToolSet): string => join(RECIPES, set.name);

export function toolSet(name: string): ToolSet {
  const names = TOOL_SETS.map((set) => set.name);
  const found = TOOL_SETS.find((set) => set.name === name);
  if (found) return found;
  const near = closest(name, names);
  const hint = distance(name, near) <= 3 ? `, did you mean "${near}"?` : '';
  throw new Error(`no tool set "${name}"${hint}; there are ${names.join(', ')}`);
}

/** What belongs to the user and not to a checkout: all of them share it. */
export const cacheFolder = (): string =>
  join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'cdk8s-webstack');

/** Where a set is installed: another recipe, another folder, so that no two checkouts disturb each other. */
export function folderOf(set: ToolSet): string {
  const recipe = createHash('sha256');
  for (const [name, file] of [...filesOf(recipeOf(set)), ...(set.sources ?? []).flatMap(filesOf)]) {
    recipe.update(`${name}\0`).update(readFileSync(file)).update('\0');
  }
  return join(cacheFolder(), `${set.name}-${recipe.digest('hex').slice(0, 12)}`);
}

/** A file, or those of a folder, each with its name. */
function filesOf(path: string): (readonly [name: string, file: string])[] {
  if (!statSync(path).isDirectory()) return [[basename(path), path]];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => [name, join(path, name)] as const)
    .filter(([, file]) => statSync(file).isFile());
}
