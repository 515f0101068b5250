/** @tools cluster crds helm argocd */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { run, scratchFolder } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';
import { toolPath } from '../runtime/support/tools';
import { DIST, environments, objectsOf } from '../support/dist';
import { liveObjects, unlikeFiles } from './applied';
import { Cluster } from './control-plane';
import { blocksUnder } from './guide';
import { Release, releasedOf } from './helm';

const ROOT = join(__dirname, '../..');
const DEV = 'todo-evolution/dev';
const PRODUCTION = 'todo-evolution/production';

/** README's commands of each of the four ways. */
const [SINGLE, KUSTOMIZE, HELM, ARGOCD] = blocksUnder(
  readFileSync(join(ROOT, 'README.md'), 'utf8'),
  'Deliver it another way',
)
  .flatMap((block) => block.trim().split('\n\n'))
  .concat(Array<string>(4).fill('exit 1')) as [string, string, string, string];

/** Without controllers: nobody but who applies changes an object. */
let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.start();
  cluster.applyCrdsFor([DEV, PRODUCTION].flatMap(objectsOf));
}, 200_000);

afterAll(async () => cluster.stop());

const commands = (text: string) => `${text.split('\n').filter((line) => !/^ /.test(line)).length} commands`;

proof(
  'README: by one file, and what left it goes',
  async () => {
    cluster.shell(SINGLE, ROOT);
    expect(unlikeFiles(objectsOf(DEV), liveObjects(cluster, join(DIST, DEV)))).toEqual([]);
    return commands(SINGLE);
  },
  120,
);

proof(
  'README: by kustomize',
  async () => {
    const printed = cluster.shell(KUSTOMIZE, ROOT);
    expect(unlikeFiles(objectsOf(DEV), liveObjects(cluster, join(DIST, DEV)))).toEqual([]);
    const kinds = parseAllDocuments(printed.slice(printed.indexOf('apiVersion:'))).map((one) => one.get('kind'));
    expect(kinds.sort()).toEqual(
      objectsOf(DEV)
        .map(({ kind }) => kind)
        .sort(),
    );
    return commands(KUSTOMIZE);
  },
  120,
);

proof(
  'README: by Helm, but for the test, which needs pods',
  async () => {
    const release = new Release(cluster, PRODUCTION);
    release.prepare();
    const [install, upgrade, rest] = HELM.split(/\n(?=helm)/) as [string, string, string];
    const [tested, rollback] = rest.split(' && ') as [string, string];
    expect(release.commands('Test')[0]).toContain(tested);
    release.shell(install);
    const installed = release.objects();
    release.shell(upgrade);
    const image = () => JSON.stringify(release.objects()).match(/todo-evolution\/backend:[^"]+/)![0];
    expect(image()).toContain(':2.1.0');
    release.shell(rollback);
    expect(image()).not.toContain(':2.1.0');
    expect(installed).toHaveLength(releasedOf(PRODUCTION).length);
    return `${release.revisions} revisions`;
  },
  120,
);

proof(
  'README: by Argo CD, from this repository or one of its own',
  async () => {
    cluster.applyCrdFiles(readdirSync(toolPath('argocd', 'crds')).map((file) => toolPath('argocd', `crds/${file}`)));
    await cluster.api.create('/api/v1/namespaces', { metadata: { name: 'argocd' } });
    const [origin, gitops] = [scratchFolder('origin'), scratchFolder('gitops')];
    run('git', ['init', '--quiet', '--bare', '--initial-branch=main', origin]);
    run('git', ['clone', '--quiet', origin, gitops]);
    for (const [key, value] of [['user.name', 'test'] as const, ['user.email', 'test@example.com'] as const])
      run('git', ['-C', gitops, 'config', key, value]);
    cluster.shell(ARGOCD.replace('../gitops', gitops), ROOT);
    const applications = await cluster.api.list('/apis/argoproj.io/v1alpha1/namespaces/argocd/applications');
    const names = applications.map(({ metadata }) => metadata.name);
    expect(names).toEqual(expect.arrayContaining([...new Set(environments().map((name) => name.split('/')[0]!))]));
    const files = run('git', ['-C', origin, 'ls-tree', '-r', '--name-only', 'main']).split('\n');
    for (const name of environments()) expect(files.join('\n')).toContain(`${name}/`);
    return `${applications.length} Applications, ${files.length} files pushed`;
  },
  120,
);
