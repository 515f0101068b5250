import { Postgres } from '../../src/data/postgres';
import { Task, type TaskSettings } from '../../src/workload/task';
import { type Complete, leavesWithoutEffect } from '../support/leaves';
import { AWS, finished, objectsOfConstruct, testSystem } from '../support/system';

const minimal: TaskSettings = { image: { repository: 'acme/tool', tag: '1', profile: 'fastapi' } };

const all: Complete<TaskSettings> = {
  image: {
    repository: 'acme/tool',
    tag: '1',
    digest: `sha256:${'c'.repeat(64)}`,
    pullPolicy: 'Always',
    pullSecrets: ['registry'],
    profile: 'fastapi',
    user: 20000,
    group: 20001,
    writablePaths: [{ path: '/work', reason: 'intermediate files', sizeLimit: '10Mi', inMemory: false }],
  },
  command: ['clean-up'],
  logLevel: 'debug',
  environment: { DAYS: 30 },
  secrets: { TOKEN: { secret: 'tokens', key: 'token', length: 20, provided: false } },
  resources: {
    requests: { cpu: '10m', memory: '20Mi', ephemeralStorage: '30Mi' },
    limits: { cpu: '20m', memory: '40Mi', ephemeralStorage: '60Mi' },
  },
  retries: 5,
  deadlineSeconds: 60,
  identity: 'arn:aws:iam::111122223333:role/shop',
  spot: true,
};

const make = (settings: TaskSettings, props = {}) =>
  objectsOfConstruct((scope) => new Task(scope, 'tidy', settings), props);
const makeOnAws = (settings: TaskSettings) => make(settings, { cloud: AWS });
const jobName = (settings: TaskSettings) => make(settings).find(({ kind }) => kind === 'Job').metadata.name;

describe('Task', () => {
  test('minimal', () => expect(make(minimal)).toMatchSnapshot());

  test('with everything set', () => expect(makeOnAws(all)).toMatchSnapshot());

  test('each setting has an effect', () => {
    expect(leavesWithoutEffect(all, makeOnAws)).toEqual([
      'image.profile',
      'secrets.TOKEN.length',
      'secrets.TOKEN.provided',
    ]);
  });

  test('another pod is another Job, for a Job cannot be changed', () => {
    expect(jobName(minimal)).toMatch(/^tidy-[0-9a-f]{10}$/);
    expect(jobName(minimal)).toBe(jobName({ ...minimal }));
    expect(jobName({ ...minimal, environment: { DAYS: 7 } })).not.toBe(jobName(minimal));
    expect(jobName({ ...minimal, retries: 9 })).toBe(jobName(minimal));
  });

  test('waits for what it uses, unless that is optional', () => {
    const waits = (optional: boolean) => {
      const system = testSystem();
      const task = new Task(system.layer('apps'), 'tidy', minimal);
      task.use(new Postgres(system.layer('data'), 'postgres'), { optional });
      const { spec } = finished(system).all('Job')[0].spec.template;
      return (spec.initContainers ?? []).map(({ name }: any) => name);
    };
    expect(waits(false)).toEqual(['wait-for-postgres']);
    expect(waits(true)).toEqual([]);
  });
});
