import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort, run, scratchFolder, startProcess } from './process';
import { toolPath } from './tools';

/** A Prometheus on loopback that scrapes every second. */
export class PrometheusServer {
  public static start(...scrapeConfigs: object[]): Promise<PrometheusServer> {
    return PrometheusServer.startIn(undefined, ...scrapeConfigs);
  }

  /** In the network of a process. */
  public static async startIn(network: number | undefined, ...scrapeConfigs: object[]): Promise<PrometheusServer> {
    const folder = scratchFolder('prometheus');
    const config = join(folder, 'prometheus.yaml');
    writeFileSync(
      config,
      stringify({
        global: { scrape_interval: '1s', scrape_timeout: '1s' },
        scrape_configs: scrapeConfigs,
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
      network,
    });
    return new PrometheusServer(`http://127.0.0.1:${port}`, network);
  }

  private constructor(
    public readonly url: string,
    private readonly network: number | undefined,
  ) {}

  /** What an expression gives now: values, one for each series. */
  public query(expression: string): number[] {
    const args = ['query', 'instant', '--format=json', this.url, expression];
    const said = run(toolPath('prometheus', 'bin/promtool'), args, { network: this.network });
    const found: any = JSON.parse(said);
    return Array.isArray(found) ? found.map(({ value }) => Number(value[1])) : [];
  }
}
