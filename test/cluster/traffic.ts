import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the requests of a second went. */
export interface Load {
  readonly requests: number;
  /** Share of them that ended with 500. */
  readonly errors: number;
  /** How long each took, in seconds. */
  readonly latency: number;
}

const BUCKETS = [0.1, 0.25, 0.5, 1, 2.5];

interface Counters {
  total: number;
  failed: number;
  sum: number;
  readonly buckets: number[];
}

/**
 * What a proxy would count of the requests to each Service: the test says how they go, since nothing runs in the pods. Each
 * scrape is another second of them.
 */
export class Traffic {
  public static async start(): Promise<Traffic> {
    const traffic = new Traffic();
    const server = createServer((_, response) => response.end(traffic.scrape()));
    await new Promise<void>((done, fail) => server.once('error', fail).listen(0, '127.0.0.1', done));
    server.unref();
    return Object.assign(traffic, { port: (server.address() as AddressInfo).port });
  }

  public readonly port: number = 0;
  /** By the name of the Service; nobody asks those that are not named. */
  public readonly loads: Record<string, Load> = {};

  private readonly counters: Record<string, Counters> = {};

  private constructor() {}

  private scrape(): string {
    return Object.entries(this.loads)
      .map(([service, load]) => print(service, this.count(service, load)))
      .join('');
  }

  private count(service: string, { requests, errors, latency }: Load): Counters {
    const counters = (this.counters[service] ??= { total: 0, failed: 0, sum: 0, buckets: BUCKETS.map(() => 0) });
    counters.total += requests;
    counters.failed += requests * errors;
    counters.sum += requests * latency;
    BUCKETS.forEach((bound, index) => {
      if (latency <= bound) counters.buckets[index]! += requests;
    });
    return counters;
  }
}

function print(service: string, { total, failed, sum, buckets }: Counters): string {
  const of = (name: string, labels: string, value: number) => `${name}{service="${service}"${labels}} ${value}\n`;
  const seconds = 'http_request_duration_seconds';
  return [
    of('http_requests_total', ',status="200"', total - failed),
    of('http_requests_total', ',status="500"', failed),
    ...BUCKETS.map((bound, index) => of(`${seconds}_bucket`, `,le="${bound}"`, buckets[index]!)),
    of(`${seconds}_bucket`, ',le="+Inf"', total),
    of(`${seconds}_sum`, '', sum),
    of(`${seconds}_count`, '', total),
  ].join('');
}
