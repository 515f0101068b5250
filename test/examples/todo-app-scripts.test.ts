import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { objectsOf } from '../support/dist';
import { type Answers, runWithStandIns } from './stand-ins';

const SCRIPTS = 'examples/todo-app/scripts';
const BACKEND = 'todo-backend:dev';
const FRONTEND = 'todo-frontend:dev';

const docker: Answers = {
  'version *': 'echo 28.2.2',
  info: ':',
  'build --iidfile *': 'echo "sha256:${4##*/}" >"$3"',
  'image inspect --format {{.Config.User}} sha256:backend': 'echo 10001:10001',
  'image inspect --format {{.Config.User}} sha256:frontend': 'echo 1001:1001',
  'image inspect --format {{.Size}} sha256:backend': 'echo 180000000',
  'image inspect --format {{.Size}} sha256:frontend': 'echo 140000000',
  'tag *': ':',
  [`image inspect ${BACKEND}`]: ':',
  [`image inspect ${FRONTEND}`]: ':',
};

const minikube: Answers = {
  'version --short': 'echo v1.37.0',
  '-p minikube status': ':',
  '-p minikube image load *': ':',
  '-p minikube image ls': `echo docker.io/library/${BACKEND}; echo docker.io/library/${FRONTEND}`,
  '-p minikube ip': 'echo 192.168.49.2',
};

const HEADERS = 'Content-Security-Policy,Referrer-Policy,X-Content-Type-Options,X-Frame-Options';
const kubectl: Answers = {
  'version --client': 'echo "Client Version: v1.34.1"',
  '--context minikube version': 'echo "Server Version: v1.34.0"',
  '--context minikube get nodes *cpu}': 'echo 4',
  '--context minikube get nodes *memory}': 'echo 8138408Ki',
  '--context minikube get daemonsets *': 'echo daemonset.apps/calico-node; echo daemonset.apps/kube-proxy',
  '--context minikube get deployment ingress-nginx-controller *': 'echo 1',
  '--context minikube get configmap ingress-nginx-controller *': `echo ${HEADERS}`,
  '--context minikube get secret todo-secrets -n todo-web-dev *':
    'echo better-auth-secret database-url openai-api-key "" ',
  '--context minikube apply -f *': ':',
  '--context minikube -n todo-web-dev rollout *': ':',
};

type Tools = Record<string, Answers | undefined>;

function run(script: string, args: readonly string[] = [], changes: Tools = {}, env: Record<string, string> = {}) {
  const tools = Object.entries({ docker, minikube, kubectl, ...changes }).filter(([, answers]) => answers);
  return runWithStandIns(join(SCRIPTS, script), args, Object.fromEntries(tools) as Record<string, Answers>, env);
}

/** As the tool answers, but for this. What comes first wins. */
const but = (answers: Answers, change: Answers): Answers => ({
  ...change,
  ...withoutKeys(answers, Object.keys(change)),
});
const withoutKeys = (answers: Answers, keys: readonly string[]) =>
  Object.fromEntries(Object.entries(answers).filter(([key]) => !keys.includes(key)));

/** What changes something: everything else only looks. */
const changing = (calls: readonly string[]) =>
  calls.filter((call) => /^docker tag|image load|kubectl .* (apply|rollout restart)/.test(call));

test('the stand-ins name the images, headers and hosts of dist/', () => {
  const objects = objectsOf('todo-app/dev');
  const images = objects.flatMap(({ kind, spec }) =>
    kind === 'Deployment' ? spec.template.spec.containers.map(({ image }: any) => image) : [],
  );
  expect(images).toEqual([BACKEND, FRONTEND]);
  const headers = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'edge-headers');
  expect(Object.keys(headers.data).sort().join()).toBe(HEADERS);
  const script = readFileSync(join(SCRIPTS, 'deploy-dev.sh'), 'utf8');
  expect(script).toContain(`HEADERS='${HEADERS}'`);
  const ingress = objects.find(({ kind }) => kind === 'Ingress');
  expect(script).toContain(`NAMESPACE=${ingress.metadata.namespace}\nHOST=${ingress.spec.rules[0].host}\n`);
});

describe('build-images.sh', () => {
  test('builds both, and then names both', () => {
    const { code, out, error, calls } = run('build-images.sh');
    expect([code, error]).toEqual([0, '']);
    expect(changing(calls)).toEqual([`docker tag sha256:backend ${BACKEND}`, `docker tag sha256:frontend ${FRONTEND}`]);
    expect(out).toContain(`${BACKEND}: 180 MB\n${FRONTEND}: 140 MB\n`);
  });

  test('tells of an image that is larger than expected, and goes on', () => {
    const large = but(docker, { 'image inspect --format {{.Size}} sha256:frontend': 'echo 150000000' });
    const { code, error } = run('build-images.sh', [], { docker: large });
    expect([code, error]).toEqual([0, 'warning: expected less than 150 MB\n']);
  });

  const cases: [string, Tools, string][] = [
    ['no Docker', { docker: undefined }, 'docker is not on the PATH; get it from https://docs.docker.com'],
    [
      'an old Docker',
      { docker: but(docker, { 'version *': 'echo 20.10.7' }) },
      'docker is 20.10, expected 23.0 or newer',
    ],
    [
      'a Docker without a version',
      { docker: but(docker, { 'version *': 'exit 1' }) },
      'docker does not tell its version',
    ],
    [
      'a Docker without a server',
      { docker: but(docker, { info: 'exit 1' }) },
      'has no server that answers; start Docker',
    ],
    [
      'a build that fails, the second one',
      { docker: but(docker, { 'build --iidfile * */frontend': 'exit 1' }) },
      'frontend cannot be built; see above',
    ],
    [
      'an image that runs as root',
      { docker: but(docker, { 'image inspect --format {{.Config.User}} sha256:frontend': 'echo' }) },
      'frontend runs as "", and the manifests say 1001; mend USER in frontend/Dockerfile',
    ],
  ];
  test.each(cases)('%s: says so, and names nothing', (_, tools, message) => {
    const { code, error, calls } = run('build-images.sh', [], tools);
    expect(error).toMatch(/^build-images\.sh: /);
    expect(error).toContain(message);
    expect(error.trimEnd().split('\n')).toHaveLength(1);
    expect(code).toBe(1);
    expect(changing(calls)).toEqual([]);
  });
});

describe('the manifests say what is built', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'manifests-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  function withImages(from: string, to: string) {
    cpSync('dist/todo-app/dev', folder, { recursive: true });
    const file = join(folder, '50-apps.k8s.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace(`image: ${from}`, `image: ${to}`));
    return run('build-images.sh', [], {}, { TODO_MANIFESTS: folder });
  }

  test('a registry and another tag go with the name', () => {
    const { code, calls } = withImages(BACKEND, 'registry.example.com:5000/team/todo-backend:1.2');
    expect(code).toBe(0);
    expect(changing(calls)).toContain('docker tag sha256:backend registry.example.com:5000/team/todo-backend:1.2');
  });

  test.each([
    ['todo-backend:latest', 'todo-backend:latest: nodes keep what they have under that tag; set backend.image.tag in'],
    ['todo-backend', 'names no image todo-backend with a tag; set backend.image.tag in overlays/todo-app/dev.yaml'],
    [`todo-backend@sha256:${'a'.repeat(64)}`, 'a digest is known only after a push; remove backend.image.digest from'],
  ])('%s is refused', (image, message) => {
    const { code, error, calls } = withImages(BACKEND, image);
    expect([code, calls]).toEqual([1, []]);
    expect(error).toContain(message);
  });

  test('without manifests nothing is built', () => {
    const { code, error } = run('build-images.sh', [], {}, { TODO_MANIFESTS: join(folder, 'none') });
    expect([code, error]).toEqual([1, `build-images.sh: ${join(folder, 'none')} is not there; run: npm run synth\n`]);
  });
});

describe('load-minikube.sh', () => {
  test('loads both, into the profile that was named', () => {
    const shop = Object.fromEntries(
      Object.entries(minikube).map(([key, line]) => [key.replace('-p minikube', '-p shop'), line]),
    );
    const { code, error, calls } = run('load-minikube.sh', [], { minikube: shop }, { MINIKUBE_PROFILE: 'shop' });
    expect([code, error]).toEqual([0, '']);
    expect(changing(calls)).toEqual([BACKEND, FRONTEND].map((image) => `minikube -p shop image load ${image}`));
  });

  const cases: [string, Tools, string, number][] = [
    ['no Minikube', { minikube: undefined }, 'minikube is not on the PATH', 0],
    [
      'an old one',
      { minikube: but(minikube, { 'version --short': 'echo v1.9.2' }) },
      'minikube is 1.9, expected 1.32',
      0,
    ],
    [
      'one that does not run',
      { minikube: but(minikube, { '-p minikube status': 'exit 7' }) },
      'does not run; run: minikube start -p minikube --cpus=4 --memory=8192 --cni=calico',
      0,
    ],
    [
      'an image that is not built',
      { docker: but(docker, { [`image inspect ${FRONTEND}`]: 'exit 1' }) },
      `${FRONTEND} is not built; run: `,
      0,
    ],
    [
      'a load that fails',
      { minikube: but(minikube, { '-p minikube image load *': 'exit 1' }) },
      `${BACKEND} cannot be loaded`,
      1,
    ],
    [
      'a load that had no effect',
      { minikube: but(minikube, { '-p minikube image ls': `echo docker.io/library/${BACKEND}` }) },
      `${FRONTEND} was loaded, and minikube does not list it`,
      2,
    ],
  ];
  test.each(cases)('%s: says so', (_, tools, message, loads) => {
    const { code, error, calls } = run('load-minikube.sh', [], tools);
    expect([code, error.trimEnd().split('\n').length]).toEqual([1, 1]);
    expect(error).toMatch(/^load-minikube\.sh: /);
    expect(error).toContain(message);
    expect(changing(calls)).toHaveLength(loads);
  });
});

describe('deploy-dev.sh', () => {
  const applied = expect.stringMatching(/^kubectl --context minikube apply -f .*dist\/todo-app\/dev$/);

  test('applies, waits for both, and says where it is', () => {
    const { code, out, error, calls } = run('deploy-dev.sh');
    expect([code, error]).toEqual([0, '']);
    expect(changing(calls)).toEqual([applied]);
    const [first, second] = calls.filter((call) => call.includes('rollout status'));
    expect(first).toMatch(/deployment\/todo-backend --timeout 300s$/);
    expect(second).toMatch(/deployment\/todo-frontend --timeout 300s$/);
    expect(out).toContain('  192.168.49.2 todo-app.local\n');
  });

  test('never speaks to another cluster than that of the profile', () => {
    const { calls } = run('deploy-dev.sh');
    const others = calls.filter(
      (call) => call.startsWith('kubectl ') && !call.startsWith('kubectl --context minikube '),
    );
    expect(others).toEqual(['kubectl version --client']);
  });

  test('with --restart it replaces the pods after it applied', () => {
    const { code, calls } = run('deploy-dev.sh', ['--restart']);
    expect(code).toBe(0);
    expect(changing(calls)).toEqual([applied, expect.stringMatching(/rollout restart deployment\/todo-backend/)]);
  });

  const kube = (change: Answers): Tools => ({ kubectl: but(kubectl, change) });
  const cases: [string, Tools, string][] = [
    ['no kubectl', { kubectl: undefined }, 'kubectl is not on the PATH'],
    [
      'an old kubectl',
      kube({ 'version --client': 'echo "Client Version: v1.29.3"' }),
      'kubectl is 1.29, expected 1.30',
    ],
    ['no Minikube', { minikube: undefined }, 'minikube is not on the PATH'],
    [
      'a cluster that does not answer',
      kube({ '--context minikube version': 'exit 1' }),
      'context minikube does not answer',
    ],
    [
      'an old cluster',
      kube({ '--context minikube version': 'echo "Server Version: v1.29.0"' }),
      'runs Kubernetes 1.29.0, expected 1.30',
    ],
    [
      'three processors',
      kube({ '--context minikube get nodes *cpu}': 'echo 3' }),
      'minikube has 3 CPUs and 7 GiB, expected 4 and 8',
    ],
    [
      'four GiB',
      kube({ '--context minikube get nodes *memory}': 'echo 4018000Ki' }),
      'minikube has 4 CPUs and 3 GiB, expected 4 and 8',
    ],
    [
      'no right to look at nodes',
      kube({ '--context minikube get nodes *': 'exit 1' }),
      'minikube has 0 CPUs and 0 GiB',
    ],
    [
      'open networks',
      kube({ '--context minikube get daemonsets *': 'echo daemonset.apps/kindnet' }),
      'nothing in minikube enforces network policies',
    ],
    [
      'no ingress controller',
      kube({ '--context minikube get deployment *': 'exit 1' }),
      'run: minikube -p minikube addons enable ingress',
    ],
    [
      'one that is not ready',
      kube({ '--context minikube get deployment *': ':' }),
      'the ingress controller is not ready',
    ],
    [
      'headers that may not be sent',
      kube({ '--context minikube get configmap *': 'echo Referrer-Policy,Content-Security-Policy' }),
      'the ingress controller may not send X-Content-Type-Options; run: kubectl',
    ],
    [
      'an image that is not loaded',
      { minikube: but(minikube, { '-p minikube image ls': `echo docker.io/library/my${BACKEND}` }) },
      `${BACKEND} is not in minikube; run: `,
    ],
    [
      'no Secret',
      kube({ '--context minikube get secret *': 'exit 1' }),
      'Secret todo-secrets has no better-auth-secret',
    ],
    [
      'a Secret without a key',
      kube({ '--context minikube get secret *': 'echo better-auth-secret openai-api-key ""' }),
      'Secret todo-secrets has no database-url',
    ],
  ];
  test.each(cases)('%s: says so in one line, and applies nothing', (_, tools, message) => {
    const { code, error, calls } = run('deploy-dev.sh', [], tools);
    expect([code, error.trimEnd().split('\n').length]).toEqual([1, 1]);
    expect(error).toMatch(/^deploy-dev\.sh: /);
    expect(error).toContain(message);
    expect(changing(calls)).toEqual([]);
  });

  test('what is not up in time is told of, with how to look', () => {
    const slow = kube({ '--context minikube -n todo-web-dev rollout status deployment/todo-frontend *': 'exit 1' });
    const { code, out, error } = run('deploy-dev.sh', [], slow, { TIMEOUT: '7s' });
    expect([code, out]).toEqual([1, '']);
    expect(error).toContain(
      'todo-frontend is not up after 7s; run: kubectl --context minikube -n todo-web-dev describe',
    );
  });

  test('what the server refuses is told of', () => {
    const { code, error } = run(
      'deploy-dev.sh',
      [],
      kube({ '--context minikube apply *': 'echo refused >&2; exit 1' }),
    );
    expect([code, error]).toEqual([
      1,
      'refused\ndeploy-dev.sh: not everything was applied; see above, mend it and run this again\n',
    ]);
  });
});

describe.each(['build-images.sh', 'load-minikube.sh', 'deploy-dev.sh'])('%s', (script) => {
  test('--help tells of itself, and asks nobody', () => {
    const { code, out, calls } = run(script, ['--help']);
    expect([code, calls]).toEqual([0, []]);
    expect(out).toContain(`Usage: ${script} `);
    expect(out).toContain('Exit codes: 0 done, 1 could not be done, 2 wrong usage.');
  });

  test('an argument that it does not know is wrong usage', () => {
    const { code, out, error, calls } = run(script, ['latest']);
    expect([code, out, calls]).toEqual([2, '', []]);
    expect(error).toContain(`Usage: ${script} `);
  });
});
