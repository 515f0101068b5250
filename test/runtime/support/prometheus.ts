import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort, scratchFolder, startProcess } from './process';
import { toolPath } from './tools';

/** A Prometheus on loopback that scrapes every second. */
export class PrometheusServer {
  public static async start(...scrapeConfigs: object[]): Promise<PrometheusServer> {
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
    });
    return new PrometheusServer(`http://127.0.0.1:${port}`);
  }

  private constructor(public readonly url: string) {}
}
