import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort, scratchFolder, startProcess } from './process';
import { toolPath } from './tools';

/** A Prometheus on loopback that scrapes these ports of 127.0.0.1 every second. */
export class PrometheusServer {
  public static async start(ports: readonly number[]): Promise<PrometheusServer> {
    const folder = scratchFolder('prometheus');
    const config = join(folder, 'prometheus.yaml');
    const targets = ports.map((port) => `127.0.0.1:${port}`);
    writeFileSync(
      config,
      stringify({
        global: { scrape_interval: '1s', scrape_timeout: '1s' },
        scrape_configs: [{ job_name: 'test', static_configs: [{ targets }] }],
      }),
    );
    const port = await freePort();
    const args = [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    await startProcess('prometheus', toolPath('prometheus', 'bin/prometheus'), args, {
      line: /Server is ready to receive web requests/,
    });
    return new PrometheusServer(`http://127.0.0.1:${port}`);
  }

  private constructor(public readonly url: string) {}

  /** The first value of an instant query; undefined without any. */
  public async query(expression: string): Promise<number | undefined> {
    const response = await fetch(`${this.url}/api/v1/query?query=${encodeURIComponent(expression)}`);
    const { data, error } = (await response.json()) as any;
    if (error) throw new Error(`${expression}: ${error}`);
    return data.result[0] && Number(data.result[0].value[1]);
  }
}
