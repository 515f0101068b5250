/** @tools nginx busybox */
import { randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { StaticSite } from '../../src/workload/static-site';
import type { StaticSiteSettings } from '../../src/workload/static-site-settings';
import { objectsOfConstruct } from '../support/system';
import { SitePod } from './support/nginx';
import { eventually, startProcess } from './support/process';
import { proof } from './support/proof';

const settings: StaticSiteSettings = {
  image: { repository: 'acme/shop-frontend', tag: '1', profile: 'nginx' },
  port: 8080,
  servicePort: 80,
  shutdown: { drainSeconds: 1, graceSeconds: 20 },
};

const TEXT = 'export const shop = "a text that can be made smaller";\n'.repeat(100);
const PAGE = `<!doctype html><title>Shop</title><script src="/static/js/main.0a1b2c3d.js"></script>${' '.repeat(2000)}`;
const FILES = {
  'index.html': PAGE,
  'about/index.html': '<!doctype html>about',
  'favicon.ico': randomBytes(2000).toString('latin1'),
  'robots.txt': 'User-agent: *\n',
  'manifest.webmanifest': '{"name":"Shop"}',
  '.env': 'nobody may see this',
  '.well-known/security.txt': 'Contact: mailto:security@example.com\n',
  'static/js/main.0a1b2c3d.js': TEXT,
  'static/js/small.0a1b2c3d.js': 'x\n',
  'static/css/main.0a1b2c3d.css': TEXT,
  'static/media/logo.0a1b2c3d.svg': `<svg xmlns="http://www.w3.org/2000/svg">${TEXT}</svg>`,
  'static/media/font.0a1b2c3d.woff2': TEXT,
  'static/media/photo.0a1b2c3d.png': TEXT,
};

const sitePod = (more: Partial<StaticSiteSettings> = {}) =>
  SitePod.of(
    objectsOfConstruct((scope) => new StaticSite(scope, 'shop', { ...settings, ...more })),
    'shop',
    FILES,
  );

const GZIP = { 'Accept-Encoding': 'gzip' };
const KEPT = 'public, max-age=31536000, immutable';

proof(
  'nginx takes the configuration as it is in the pod: read-only, without rights, and every probe is content',
  async () => {
    const pod = await sitePod();
    expect(['startupProbe', 'readinessProbe', 'livenessProbe'].map((kind) => pod.probe(kind as any))).toEqual([
      200, 200, 200,
    ]);
    const { headers } = pod.ask('/');
    expect(headers['server']).toBe('nginx');
    // Without its first page it is alive, and not ready.
    renameSync(join(pod.site, 'index.html'), join(pod.site, 'index.gone'));
    expect([pod.probe('readinessProbe'), pod.probe('livenessProbe')]).toEqual([503, 200]);
    await pod.server.stop('SIGQUIT');
    pod.pod.remove();
    expect(pod.server.output).not.toMatch(/\[(warn|error|emerg|alert|crit)\] (?!.*index\.html)/);
    return 'three probes; 503 without index.html';
  },
);

/** What is asked for, and the lifetime and the compression that it gets. */
const ANSWERS: [path: string, type: string, cache: string, compressed: boolean][] = [
  ['/', 'text/html; charset=utf-8', 'no-cache', true],
  ['/index.html', 'text/html; charset=utf-8', 'no-cache', true],
  ['/contacts/17', 'text/html; charset=utf-8', 'no-cache', true],
  ['/favicon.ico', 'image/x-icon', 'no-cache', false],
  ['/manifest.webmanifest', 'application/manifest+json', 'no-cache', false],
  ['/.well-known/security.txt', 'text/plain; charset=utf-8', 'no-cache', false],
  ['/static/js/main.0a1b2c3d.js', 'application/javascript; charset=utf-8', KEPT, true],
  ['/static/js/small.0a1b2c3d.js', 'application/javascript; charset=utf-8', KEPT, false],
  ['/static/css/main.0a1b2c3d.css', 'text/css; charset=utf-8', KEPT, true],
  ['/static/media/logo.0a1b2c3d.svg', 'image/svg+xml', KEPT, true],
  ['/static/media/font.0a1b2c3d.woff2', 'font/woff2', KEPT, false],
  ['/static/media/photo.0a1b2c3d.png', 'image/png', KEPT, false],
];

proof('nginx compresses by type and size, and tells each path how long it may be kept', async () => {
  const pod = await sitePod();
  for (const [path, type, cache, compressed] of ANSWERS) {
    const { status, headers, body } = pod.ask(path, GZIP);
    const said = [path, status, headers['content-type'], headers['cache-control'], headers['content-encoding']];
    expect(said).toEqual([path, 200, type, cache, compressed ? 'gzip' : undefined]);
    if (compressed) expect(headers['vary']).toBe('Accept-Encoding');
    const plain = pod.ask(path);
    expect(plain.headers['content-encoding']).toBeUndefined();
    const content = Buffer.from(body, 'base64');
    expect((compressed ? gunzipSync(content) : content).toString('base64')).toBe(plain.body);
  }
  const sizes = [GZIP, {}].map((headers) =>
    Buffer.from(pod.ask('/static/js/main.0a1b2c3d.js', headers).body, 'base64'),
  );
  // Through a proxy too, and as it lies there where it was compressed before.
  expect(pod.ask('/', { ...GZIP, Via: '1.1 proxy' }).headers['content-encoding']).toBe('gzip');
  writeFileSync(join(pod.site, 'static/media/font.0a1b2c3d.woff2.gz'), gzipSync('made by the build'));
  const ready = pod.ask('/static/media/font.0a1b2c3d.woff2', GZIP);
  expect(gunzipSync(Buffer.from(ready.body, 'base64')).toString()).toBe('made by the build');
  return `${ANSWERS.length} paths; ${sizes[1]!.length} bytes become ${sizes[0]!.length}`;
});

proof('nginx asks again for pages alone, and nobody keeps what is missing', async () => {
  const pod = await sitePod();
  const { etag } = pod.ask('/').headers;
  const again = pod.ask('/', { 'If-None-Match': etag! });
  expect([again.status, again.headers['cache-control']]).toEqual([304, 'no-cache']);
  for (const path of ['/static/js/main.ffffffff.js', '/static/', '/.env', '/static/../.env']) {
    const { status, headers } = pod.ask(path);
    expect([path, status, headers['cache-control']]).toEqual([path, 404, 'no-store']);
  }
  expect(pod.ask('/', {}, 'POST').status).toBe(405);

  const strict = await sitePod({ fallback: false, cache: { pagesSeconds: 60 } });
  expect(strict.ask('/contacts/17').status).toBe(404);
  const [page, folder] = [strict.ask('/about/'), strict.ask('/about')];
  expect([page.status, page.headers['cache-control']]).toEqual([200, 'public, max-age=60']);
  // Relative, since neither the scheme nor the port that it hears is the browser's.
  expect([folder.status, folder.headers['location']]).toEqual([301, '/about/']);
  return '304 for the page; 404 is not kept';
});

proof('nginx writes a line of JSON for each request, and none for probes', async () => {
  const pod = await sitePod();
  pod.probe('readinessProbe');
  pod.probe('livenessProbe');
  const agent = 'a "quoted" agent\\ with \u0001 in it';
  pod.ask('/contacts/17?token=secret', {
    'User-Agent': Buffer.from(agent).toString('latin1').replace('\u0001', '\t'),
    'X-Forwarded-For': '203.0.113.7',
    'X-Request-Id': 'abc',
  });
  const lines = () => pod.server.output.split('\n').filter((line) => /^\{.*contacts/.test(line));
  await eventually(() => lines().length > 0);
  expect(pod.server.output).not.toContain('/health/');
  const [line, ...others] = lines().map((one) => JSON.parse(one));
  expect(others).toEqual([]);
  expect(line).toMatchObject({
    level: 'info',
    method: 'GET',
    status: 200,
    client: '127.0.0.1',
    forwardedFor: '203.0.113.7',
    requestId: 'abc',
    userAgent: agent.replace('\u0001', '\t'),
  });
  expect(JSON.stringify(line)).not.toContain('token');
  return `${Object.keys(line).length} fields`;
});

/** A client on a slow line: it has begun to read, and reads the rest once it is told to. */
const SLOW = `
const socket = require('node:net').connect(8080, '127.0.0.1', () => socket.write('GET /large.bin HTTP/1.1\\r\\nHost: shop\\r\\n\\r\\n'));
let bytes = 0;
socket.once('data', (part) => { bytes += part.length; socket.pause(); console.log('begun');
  setTimeout(() => socket.on('data', (part) => (bytes += part.length)).resume(), 1500); });
socket.on('error', (error) => console.log(error.code)).on('close', () => console.log('bytes ' + bytes));`;

proof('nginx ends in order: what began is finished, and nothing new is taken', async () => {
  const pod = await sitePod();
  const size = 40 * 1024 * 1024;
  writeFileSync(join(pod.site, 'large.bin'), randomBytes(size));
  const client = await startProcess('client', process.execPath, ['-e', SLOW], {
    network: pod.machine.pid,
    line: /begun/,
  });
  const began = Date.now();
  // What the image names as its stop signal.
  process.kill(pod.server.pid, 'SIGQUIT');
  await eventually(() => !pod.answers());
  expect(pod.server.isRunning).toBe(true);
  expect(await pod.server.ending(20)).toBe('code 0');
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  await client.until('the rest', () => client.output.includes('bytes'));
  const received = Number(/bytes (\d+)/.exec(client.output)![1]);
  expect(received).toBeGreaterThan(size);

  // And what would happen with the signal that other images get.
  const cut = await sitePod();
  writeFileSync(join(cut.site, 'large.bin'), randomBytes(size));
  const other = await startProcess('client', process.execPath, ['-e', SLOW], {
    network: cut.machine.pid,
    line: /begun/,
  });
  await cut.server.stop('SIGTERM');
  await other.until('the end', () => other.output.includes('bytes'));
  expect(Number(/bytes (\d+)/.exec(other.output)![1])).toBeLessThan(size);
  return `${(received / 2 ** 20).toFixed(0)} MiB of a request in flight, ended ${seconds} s after SIGQUIT`;
});
