import { stringify } from 'yaml';

import type { ResolvedCollector, ResolvedTraceBackend } from './collector-settings';

/** Ports of the collector: OTLP by gRPC and HTTP, its own metrics, and whether it is well. */
export const PORTS = { grpc: 4317, http: 4318, metrics: 8888, health: 13133 };

/** Variable with the value of the header `Authorization`. */
export const AUTHORIZATION = 'OTLP_AUTHORIZATION';

/** What the collector is told. `authority` is the file with the certificate of whoever signed the backend's. */
export function collectorConfiguration(
  collector: ResolvedCollector,
  resource: Readonly<Record<string, string>>,
  authority?: string,
): string {
  const { memory, logLevel, backend } = collector;
  const [sampler, sampling] = samplerOf(collector);
  const exporter = `otlp_${backend.protocol}`;
  return stringify(
    {
      receivers: {
        otlp: { protocols: { grpc: { endpoint: everywhere(PORTS.grpc) }, http: { endpoint: everywhere(PORTS.http) } } },
      },
      processors: {
        memory_limiter: { check_interval: '1s', limit_mib: memory.hard, spike_limit_mib: memory.spike },
        // Sidecars and libraries of others say where they are as little as our own services that forget it.
        resource: {
          attributes: Object.entries(resource).map(([key, value]) => ({ key, value, action: 'insert' })),
        },
        [sampler]: sampling,
        batch: {},
      },
      exporters: { [exporter]: exporterOf(backend, authority) },
      extensions: { health_check: { endpoint: everywhere(PORTS.health) } },
      service: {
        extensions: ['health_check'],
        telemetry: {
          logs: { level: logLevel, encoding: 'json' },
          metrics: {
            readers: [{ pull: { exporter: { prometheus: { host: '0.0.0.0', port: PORTS.metrics } } } }],
          },
        },
        pipelines: {
          traces: {
            receivers: ['otlp'],
            // What refuses comes first, and batches are made of what is kept.
            processors: ['memory_limiter', 'resource', sampler, 'batch'],
            exporters: [exporter],
          },
        },
      },
    },
    { lineWidth: 0 },
  );
}

const everywhere = (port: number) => `0.0.0.0:${port}`;

function samplerOf({ sampling }: ResolvedCollector): [name: string, settings: object] {
  const { percent, keepErrors, keepSlowerThanMs, decisionWait, atEnd, waiting } = sampling;
  if (!atEnd) return ['probabilistic_sampler', { sampling_percentage: percent }];
  return [
    'tail_sampling',
    {
      decision_wait: decisionWait,
      num_traces: waiting,
      // One that says yes is enough.
      policies: [
        ...(keepErrors ? [{ name: 'errors', type: 'status_code', status_code: { status_codes: ['ERROR'] } }] : []),
        ...(keepSlowerThanMs ? [{ name: 'slow', type: 'latency', latency: { threshold_ms: keepSlowerThanMs } }] : []),
        { name: 'share', type: 'probabilistic', probabilistic: { sampling_percentage: percent } },
      ],
    },
  ];
}

function exporterOf({ endpoint, protocol, tls, headers, authorizationKey }: ResolvedTraceBackend, authority?: string) {
  const scheme = tls ? 'https' : 'http';
  const all = { ...headers, ...(authorizationKey ? { Authorization: `\${env:${AUTHORIZATION}}` } : {}) };
  return {
    endpoint: protocol === 'grpc' ? endpoint : `${scheme}://${endpoint}`,
    ...(Object.keys(all).length > 0 ? { headers: all } : {}),
    tls: tls
      ? {
          insecure: false,
          ...(authority ? { ca_file: authority } : {}),
          ...(tls.serverName ? { server_name_override: tls.serverName } : {}),
        }
      : { insecure: true },
  };
}
