/** @tools otel */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { OpenTelemetryCollector } from '../../src/observability/collector';
import type { CollectorSettings } from '../../src/observability/collector-settings';
import { objectsOfConstruct } from '../support/system';
import { HttpStandIn } from './support/http-stand-in';
import { eventually, freePort, run, scratchFolder, startProcess } from './support/process';
import { proof } from './support/proof';
import { toolPath } from './support/tools';

const objectsOf = (settings: CollectorSettings) =>
  objectsOfConstruct((scope) => void new OpenTelemetryCollector(scope, 'otel-collector', settings));

const fileOf = (settings: CollectorSettings): string =>
  objectsOf(settings).find(({ metadata }) => metadata.name === 'otel-collector-files').data['config.yaml'];

const written = (text: string): string => {
  const file = join(scratchFolder('collector'), 'config.yaml');
  writeFileSync(file, text);
  return file;
};

const inCluster = { endpoint: 'jaeger-collector.observability:4317' };

const ways: [string, CollectorSettings][] = [
  ['a share to Jaeger', { backend: inCluster }],
  [
    'errors and slow ones to Tempo, with TLS, a tenant and an authorization',
    {
      backend: {
        endpoint: 'tempo.example.com:443',
        protocol: 'http',
        cidrs: ['203.0.113.0/24'],
        tls: { serverName: 'tempo.example.com' },
        headers: { 'X-Scope-OrgID': 'shop' },
        authorizationKey: 'authorization',
      },
      sampling: { keepErrors: true, keepSlowerThanMs: 500 },
    },
  ],
];

proof('the collector takes every kind of configuration', async () => {
  const validate = (text: string) =>
    run(toolPath('otel', 'bin/otelcol'), ['validate', `--config=${written(text)}`], {
      env: { OTLP_AUTHORIZATION: 'Basic' },
    });
  for (const [, settings] of ways) validate(fileOf(settings));
  // And it would tell.
  const text = fileOf({ backend: inCluster });
  expect(() => validate(text.replace('limit_mib', 'limit'))).toThrow('limit');
  expect(() => validate(text.replace('- batch', '- batches'))).toThrow('batches');
  return `${ways.length} configurations; 2 mistakes told`;
});

/** A collector that runs as rendered, but for addresses: its own, and that of where traces go. */
async function started(sampling: CollectorSettings['sampling']) {
  const backend = await HttpStandIn.start();
  const ports = Object.fromEntries(
    await Promise.all(['4317', '4318', '8888', '13133'].map(async (port) => [port, await freePort()] as const)),
  );
  const given = fileOf({ backend: { endpoint: 'jaeger.observability:4318', protocol: 'http' }, sampling });
  const text = given
    .replace(/0\.0\.0\.0:(\d+)/g, (_, port: string) => `127.0.0.1:${ports[port]}`)
    .replace('host: 0.0.0.0', 'host: 127.0.0.1')
    .replace('port: 8888', `port: ${ports['8888']}`)
    .replace('http://jaeger.observability:4318', backend.url);
  await startProcess('otelcol', toolPath('otel', 'bin/otelcol'), [`--config=${written(text)}`], {
    port: ports['13133'],
  });
  const ask = (port: number | undefined, path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  await eventually(async () => (await ask(ports['13133'], '/')).ok);
  const send = async (spans: object[], resource: object[] = []) => {
    const answer = await fetch(`http://127.0.0.1:${ports['4318']}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceSpans: [{ resource: { attributes: resource }, scopeSpans: [{ spans }] }] }),
    });
    expect(answer.status).toBe(200);
  };
  const metrics = async () => (await ask(ports['8888'], '/metrics')).text();
  return { backend, send, metrics };
}

const span = (trace: number, more: object = {}) => ({
  traceId: trace.toString(16).padStart(32, '0'),
  spanId: trace.toString(16).padStart(16, '0'),
  name: `GET /${trace}`,
  kind: 2,
  startTimeUnixNano: '1700000000000000000',
  endTimeUnixNano: '1700000000010000000',
  ...more,
});

/** What came: protobuf, in which strings stand as they are. */
const textOf = ({ received }: HttpStandIn) =>
  received.map(({ body }) => gunzipSync(body).toString('latin1')).join('\n');

proof(
  'a span that comes by HTTP leaves with the attributes of its system, and keeps those of its service',
  async () => {
    const { backend, send, metrics } = await started({ percent: 100 });
    await send([span(1)], [{ key: 'service.name', value: { stringValue: 'api' } }]);
    await send([span(2)], [{ key: 'deployment.environment.name', value: { stringValue: 'elsewhere' } }]);
    await eventually(() => /GET \/1/.test(textOf(backend)) && /GET \/2/.test(textOf(backend)));
    const text = textOf(backend);
    for (const word of ['service.name', 'api', 'deployment.environment.name', 'test', 'service.namespace', 'shop']) {
      expect(text).toContain(word);
    }
    expect(text).toContain('elsewhere');
    expect(backend.received[0]!.path).toBe('/v1/traces');
    await eventually(async () => /otelcol_exporter_sent_spans\S* 2/.test(await metrics()));
    return '2 spans in, 2 out';
  },
);

proof(
  'of many traces every one with an error and every slow one is kept, and none of the others where their share is none',
  async () => {
    const { backend, send } = await started({
      percent: 0,
      keepErrors: true,
      keepSlowerThanMs: 500,
      decisionWait: '1s',
    });
    await send([
      ...Array.from({ length: 50 }, (_, index) => span(100 + index)),
      span(1, { status: { code: 2 } }),
      span(2, { endTimeUnixNano: '1700000001000000000' }),
    ]);
    await eventually(() => /GET \/1\b/.test(textOf(backend)) && /GET \/2\b/.test(textOf(backend)));
    expect(textOf(backend)).not.toMatch(/GET \/1\d\d/);
    return '2 of 52 traces';
  },
);
