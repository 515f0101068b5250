/** @tools busybox */
import { createServer, type RequestListener } from 'node:http';
import { createServer as createListener } from 'node:net';
import { join } from 'node:path';

import { SmokeTest } from '../../src/delivery/smoke-test';
import type { SmokeTestSettings } from '../../src/delivery/smoke-test-settings';
import { WebService } from '../../src/workload/web-service';
import { finished, testSystem } from '../support/system';
import { freePort, type Server, startProcess } from './support/process';
import { proof } from './support/proof';
import { toolPath } from './support/tools';

const image = { repository: 'acme/shop', tag: '1', profile: 'fastapi' as const };

/** The Job's own container, for services on these ports of this machine. */
function containerFor(ports: Record<string, number>, settings: SmokeTestSettings): any {
  const system = testSystem();
  const services = Object.entries(ports).map(
    ([name, port]) => new WebService(system.layer('apps'), name, { image, port: 8080, servicePort: port }),
  );
  new SmokeTest(system.layer('delivery'), 'smoke-test', settings).check(...services);
  return finished(system).all('Job')[0].spec.template.spec.containers[0];
}

/** Starts what the Job runs, as the kubelet hands it over, with busybox alone; names of Services lead to this machine. */
function startTest(ports: Record<string, number>, settings: SmokeTestSettings = {}): Promise<Server> {
  const tools = toolPath('busybox', 'bin');
  const { command, env } = containerFor(ports, { deadlineSeconds: 1, intervalSeconds: 1, ...settings });
  const [shell, ...args] = (command as string[]).map((word) => asKubelet(word, env));
  const here = args.map((word) => word.replace(/http:\/\/[a-z0-9-]+:/g, 'http://127.0.0.1:'));
  return startProcess('smoke-test', join(tools, 'env'), ['-i', `PATH=${tools}`, shell!, ...here]);
}

/** What the kubelet makes of a word of a command: `$$` is a dollar, and `$(NAME)` a variable that the container has. */
const asKubelet = (word: string, env: { name: string; value: string }[] = []) =>
  word.replace(/\$(?:\$|\(([^)]*)\))/g, (found, name?: string) =>
    name === undefined ? '$' : (env.find((one) => one.name === name)?.value ?? found),
  );

/** A server of ours on loopback, until the end of the proof. */
async function serve(listener: RequestListener): Promise<number> {
  const port = await freePort();
  const server = createServer(listener);
  open.push(() => server.close(() => undefined).closeAllConnections());
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  return port;
}

/** One that speaks no HTTP, or none at all. */
async function speak(text: string | undefined): Promise<number> {
  const port = await freePort();
  const server = createListener((socket) => (text === undefined ? undefined : socket.end(text)));
  open.push(() => server.close());
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  return port;
}

const open: (() => void)[] = [];
afterEach(() => open.splice(0).forEach((close) => close()));

const answer = (status: number, body = '', headers = {}): RequestListener => {
  return (_, response) => response.writeHead(status, headers).end(body);
};

/** How it ended, and what it said of each question last. */
async function verdict(test: Server): Promise<{ end: string; lines: string[] }> {
  const end = await test.ending(30);
  const lines = test.output.split('\n').filter((line) => line !== '' && !line.endsWith('; asked again'));
  return { end, lines };
}

proof('passes where every service answers as expected, and asks exactly for what is declared', async () => {
  const asked: string[] = [];
  const port = await serve((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (request.url === '/old') return response.writeHead(301, { location: '/new' }).end();
    if (request.url === '/gone') return response.writeHead(410).end();
    return response.writeHead(request.url === '/made' ? 201 : 200).end('a "text" it\'s $HOME $(PATH) $$ worth');
  });
  const test = await startTest(
    { shop: port },
    {
      checks: [
        { service: 'shop', path: '/a b?c=ü&d=$(PATH)', contains: `"text" it's $HOME $(PATH) $$ worth` },
        { service: 'shop', path: '/made', status: 201, contains: 'worth' },
        { service: 'shop', path: '/old', status: 301 },
        { service: 'shop', path: '/gone', status: 410 },
      ],
    },
  );
  const { end, lines } = await verdict(test);
  expect(lines).toEqual([
    'shop /health/ready: 200',
    'shop /a%20b?c=%C3%BC&d=$(PATH): 200',
    'shop /made: 201',
    'shop /old: 301',
    'shop /gone: 410',
  ]);
  expect(end).toBe('code 0');
  expect(asked.filter((line) => line !== 'GET /new')).toEqual([
    'GET /health/ready',
    'GET /a%20b?c=%C3%BC&d=$(PATH)',
    'GET /made',
    'GET /old',
    'GET /gone',
  ]);
  return `${lines.length} questions, all answered as expected`;
});

/** Who answers how, and what is said of it; nothing where all is well. */
const ANSWERS: [start: () => Promise<number>, said: string | RegExp][] = [
  [() => serve(answer(200)), '200'],
  [() => serve(answer(299)), '299'],
  [() => serve(answer(204)), '204'],
  [() => serve(answer(503, 'not yet')), 'FAILED: expected status 200 to 299, got 503'],
  [() => serve(answer(404)), 'FAILED: expected status 200 to 299, got 404'],
  [() => serve(answer(302, '', { location: '/health/ready' })), 'FAILED: expected status 200 to 299, got 302'],
  [freePort, /^FAILED: expected status 200 to 299, got no answer: can't connect to remote host .*Connection refused$/],
  [() => speak(undefined), 'FAILED: expected status 200 to 299, got no answer within 5 s'],
  [() => speak('220 mail ready\r\n'), 'FAILED: expected status 200 to 299, got no answer: error getting response'],
  [
    () => serve((_, response) => void response.writeHead(200, { 'content-length': 10 }).write('begun')),
    'FAILED: expected a whole answer within 5 s, got only a part of it',
  ],
  [
    () => speak('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbegun'),
    'FAILED: expected a whole answer, got only a part of it: connection closed prematurely',
  ],
];

proof(
  'fails with who was asked, for what, what was expected and what came',
  async () => {
    const servers: Record<string, number> = {};
    for (const [index, [start]] of ANSWERS.entries()) servers[`shop-${index}`] = await start();
    const test = await startTest(servers);
    const { end, lines } = await verdict(test);
    const said = Object.fromEntries(lines.map((line) => line.split(' /health/ready: ')));
    const expected = ANSWERS.map(([, text], index) => [
      `shop-${index}`,
      typeof text === 'string' ? text : expect.stringMatching(text),
    ]);
    expect(said).toEqual(Object.fromEntries(expected));
    expect(end).toBe('code 1');
    return `${lines.filter((line) => line.includes('FAILED')).length} of ${lines.length} answers are refused, each in its own words`;
  },
  90,
);

proof('looks for a text in the first MiB of the answer, and at nothing in its header', async () => {
  const long = 'x'.repeat(3 * 2 ** 20);
  const port = await serve((request, response) => {
    const body = { '/early': `shop${long}`, '/late': `${long}shop` }[request.url!] ?? 'hello\nbody: world';
    response.writeHead(200, { 'x-name': 'shop', 'x-body': 'body: shop' }).end(body);
  });
  const check = (path: string, contains: string, more = {}) => ({ service: 'shop', path, contains, ...more });
  const test = await startTest(
    { shop: port },
    { checks: [check('/', 'body: w'), check('/early', 'shop'), check('/', 'shop'), check('/late', 'shop')] },
  );
  const { end, lines } = await verdict(test);
  const text = lines.join('\n');
  expect(text).toContain('shop /: 200\nshop /early: 200\n');
  expect(text).toContain('shop /: FAILED: expected the text "shop", got "hello\nbody: world"');
  expect(text).toContain(`shop /late: FAILED: expected the text "shop", got "${'x'.repeat(200)}"`);
  expect(end).toBe('code 1');
  return 'found in the middle and at the beginning of 3 MiB; not found at their end, nor in a header';
});

proof('asks again until a late service answers, and no longer than the deadline', async () => {
  const port = await freePort();
  const test = await startTest({ shop: port }, { deadlineSeconds: 60 });
  const tries = () => test.output.split('; asked again').length - 1;
  await test.until('the second try', () => tries() >= 2);
  let status = 503;
  const server = createServer((_, response) => response.writeHead(status).end());
  open.push(() => server.close());
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  await test.until('an answer that is not yet right', () => test.output.includes('got 503; asked again'));
  status = 200;
  const { end, lines } = await verdict(test);
  expect([end, lines]).toEqual(['code 0', ['shop /health/ready: 200']]);

  const before = Date.now();
  const never = await startTest({ shop: await freePort() }, { deadlineSeconds: 4 });
  expect((await verdict(never)).end).toBe('code 1');
  const seconds = (Date.now() - before) / 1000;
  expect(seconds).toBeGreaterThan(3);
  expect(seconds).toBeLessThan(15);
  return `${tries()} tries in vain, then well; with 4 s to go, given up after ${seconds.toFixed(1)} s`;
});
