import type * as bundled from '../../support/bundled-client';
import { environments, objectsOf } from '../../support/dist';
import { furnish } from './cluster';
import { Bench } from './run';

jest.mock('@kubernetes/client-node', () =>
  jest.requireActual<typeof bundled>('../../support/bundled-client').bundledClient(),
);

let bench: Bench;

// It is bundled when it is first asked for.
beforeAll(() => import('@kubernetes/client-node'), 60_000);

beforeEach(async () => {
  bench = new Bench();
  await bench.open();
});

afterEach(() => bench.close());

const productions = environments().filter((environment) => environment.endsWith('/production'));

test.each(productions)('%s finds nothing to complain about where everything is there', async (environment) => {
  furnish(bench.server, environment);
  bench.server.serve(...new Set(objectsOf(environment).map(({ apiVersion, kind }) => `${apiVersion} ${kind}`)));
  const { code, results } = await bench.results(environment);
  expect(results.filter(({ status }) => status !== 'ok')).toEqual([]);
  expect(code).toBe(0);
});
