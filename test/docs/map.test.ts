import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = 'docs/guides/map-of-paths.md';

const each = (folder: string, ...names: string[]) => names.map((name) => `${folder}/${name}`);
const PATCHES = ['kustomization.yaml', 'deployment-patches.yaml', 'configmap-patches.yaml'];

/** The paths that the descriptions of the owners name; the descriptions themselves are not in this repository. */
const NAMED = {
  'Todo Evolution': [
    ...each('kubernetes/base', 'namespace.yaml', 'configmap.yaml', 'secret.yaml', 'services.yaml'),
    ...each('kubernetes/base', 'frontend-deployment.yaml', 'backend-deployment.yaml', 'postgres-statefulset.yaml'),
    ...each('kubernetes/base', 'redis-statefulset.yaml', 'kafka-statefulset.yaml', 'dapr-components.yaml'),
    ...each('kubernetes/base', 'ingress.yaml', 'hpa.yaml', 'kustomization.yaml'),
    ...each('kubernetes/overlays/dev', 'namespace.yaml', ...PATCHES),
    ...each('kubernetes/overlays/staging', 'namespace.yaml', ...PATCHES),
    ...each('kubernetes/overlays/production', '', ...PATCHES),
    ...each('helm-charts/todo-app', '', 'Chart.yaml', 'values.yaml', 'README.md'),
    ...each('helm-charts/todo-app/templates', 'deployment.yaml', 'service.yaml', 'ingress.yaml', 'hpa.yaml'),
    ...each('helm-charts/todo-app/templates', '_helpers.tpl', 'NOTES.txt'),
    ...each('backend/src/models/events', '__init__.py', 'task_events.py', 'KAFKA_TOPICS.md'),
    ...each('backend/src', 'services/event_publisher.py', 'services/event_subscriber.py', 'api/events.py'),
    ...each('blueprints', 'kubernetes-deployment.yaml', 'README.md', 'TROUBLESHOOTING.md'),
  ],
  'Todo App': [
    ...each('phase-4/backend', 'Dockerfile', '.dockerignore'),
    ...each('phase-4/frontend', 'Dockerfile', '.dockerignore'),
    ...each('phase-4/scripts', 'build-images.sh', 'load-minikube.sh', 'deploy-dev.sh'),
    ...['next.config.ts', 'requirements.txt', 'package.json'],
    ...each('helm/todo-app', '', 'Chart.yaml', 'values.yaml', 'values-staging.yaml', 'values-production.yaml'),
    ...each('helm/todo-app/templates', '', 'deployment-backend.yaml', 'deployment-frontend.yaml'),
    ...each('helm/todo-app/templates', 'service-backend.yaml', 'service-frontend.yaml', 'ingress.yaml'),
    ...each('helm/todo-app/templates', 'hpa-backend.yaml', 'configmap.yaml', 'secret-template.yaml'),
    ...each('docs', 'DEPLOYMENT.md', 'MINIKUBE.md', 'SECRETS.md'),
    ...each('specs/011-cloud-native-deployment', 'spec.md', 'plan.md', 'tasks.md', 'contracts/'),
  ],
};

const quoted = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text!);

/** The rows of a section: the path, the cell that says where it is, and the kinds that are there. */
function rowsOf(section: string) {
  const text = readFileSync(PAGE, 'utf8').split(`\n## ${section}\n`)[1]!.split('\n## ')[0]!;
  return text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, path = '', here = '', kinds = '']) => ({
      path: quoted(path)[0]!,
      here,
      targets: quoted(here).filter(
        (target) => !target.startsWith('npm run ') && /[/.]/.test(target) && target !== 'dist/',
      ),
      kinds: quoted(kinds),
    }));
}

function textBelow(path: string): string {
  if (!statSync(path).isDirectory()) return readFileSync(path, 'utf8');
  return readdirSync(path)
    .map((name) => textBelow(join(path, name)))
    .join('\n');
}

describe.each(Object.entries(NAMED))('%s', (section, named) => {
  const rows = rowsOf(section);

  test('every path that its description names has one row, and no other path has', () => {
    expect(rows.map(({ path }) => path).sort()).toEqual([...named].sort());
  });

  test.each(rows)(
    '$path: its target exists and holds its kinds, or the row says why it is nowhere',
    ({ here, targets, kinds }) => {
      if (targets.length === 0) expect(here).toMatch(/^nowhere(:| as a file, for) \S/);
      expect(targets.filter((target) => !existsSync(target))).toEqual([]);
      const text = targets.map(textBelow).join('\n');
      expect(kinds.filter((kind) => !new RegExp(`^\\s*kind: ["']?${kind}["']?$`, 'm').test(text))).toEqual([]);
    },
  );
});
