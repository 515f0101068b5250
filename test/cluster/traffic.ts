import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { KubeObject } from './api';
import type { Cluster } from './control-plane';
import type { Mirror } from './mirror';

/** How the requests of a second went. */
export interface Load {
  readonly requests: number;
  /** Share of them that ended with 500. */
  readonly errors: number;
  /** How long each took, in seconds. */
  readonly latency: number;
}

const BUCKETS = [0.1, 0.25, 0.5, 1, 2.5];
const SCRAPE = 'prometheus.io/scrape';

interface Counters {
  total: number;
  failed: number;
  sum: number;
  readonly buckets: number[];
}

/**
 * What pods would tell of their requests: the test says how they go, since nothing runs in the pods. Each scrape is another
 * second of them. Prometheus is told of the pods that ask for it by their annotations, as it would be by Kubernetes.
 */
export class Traffic {
  public static async start(cluster: Cluster): Promise<Traffic> {
    const traffic = new Traffic(await cluster.mirror('/api/v1/pods'));
    const server = createServer(({ url = '' }, response) => {
      const body = url === '/targets' ? JSON.stringify(traffic.targets()) : traffic.scrape(url.slice(1));
      const type = url === '/targets' ? 'application/json' : 'text/plain';
      response.writeHead(body === undefined ? 503 : 200, { 'content-type': type }).end(body);
    });
    await new Promise<void>((done, fail) => server.once('error', fail).listen(0, '127.0.0.1', done));
    server.unref();
    return Object.assign(traffic, { port: (server.address() as AddressInfo).port });
  }

  public readonly port: number = 0;
  /** How it goes for a pod, by its namespace; a pod of which nothing is said does not answer. */
  public readonly loads: Record<string, (pod: string) => Load | undefined> = {};

  private readonly counters: Record<string, Counters> = {};

  private constructor(private readonly pods: Mirror) {}

  /** What Prometheus scrapes. */
  public get scrapeConfig(): object {
    const url = `http://127.0.0.1:${this.port}/targets`;
    return { job_name: 'pods', http_sd_configs: [{ url, refresh_interval: '1s' }] };
  }

  private targets(): object[] {
    const scraped = this.pods.all.filter(
      ({ metadata, status }: KubeObject) => metadata.annotations?.[SCRAPE] === 'true' && status?.phase === 'Running',
    );
    return scraped.map(({ metadata: { namespace, name } }) => ({
      targets: [`127.0.0.1:${this.port}`],
      labels: { __metrics_path__: `/${namespace}/${name}`, namespace, pod: name },
    }));
  }

  private scrape(path: string): string | undefined {
    const [namespace = '', pod = ''] = path.split('/');
    const load = this.loads[namespace]?.(pod);
    return load && print(this.count(path, load));
  }

  private count(pod: string, { requests, errors, latency }: Load): Counters {
    const counters = (this.counters[pod] ??= { total: 0, failed: 0, sum: 0, buckets: BUCKETS.map(() => 0) });
    counters.total += requests;
    counters.failed += requests * errors;
    counters.sum += requests * latency;
    BUCKETS.forEach((bound, index) => {
      if (latency <= bound) counters.buckets[index]! += requests;
    });
    return counters;
  }
}

function print({ total, failed, sum, buckets }: Counters): string {
  const of = (name: string, labels: string, value: number) => `${name}{${labels}} ${value}\n`;
  const seconds = 'http_request_duration_seconds';
  return [
    of('http_requests_total', 'status="200"', total - failed),
    of('http_requests_total', 'status="500"', failed),
    ...BUCKETS.map((bound, index) => of(`${seconds}_bucket`, `le="${bound}"`, buckets[index]!)),
    of(`${seconds}_bucket`, 'le="+Inf"', total),
    of(`${seconds}_sum`, '', sum),
    of(`${seconds}_count`, '', total),
  ].join('');
}
