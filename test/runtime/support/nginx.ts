import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Pod, PodMachine } from './pod-machine';
import { run, scratchFolder, type Server } from './process';
import { toolPath } from './tools';

/** An answer of the site. */
export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** As it came, not unpacked, in base64. */
  readonly body: string;
}

/** Asks and prints the answer, on the network of the pod. */
const ASK = `
const [port, path, headers, method] = JSON.parse(process.argv[1]);
require('node:http').request({ host: '127.0.0.1', port, path, headers, method }, (response) => {
  const parts = [];
  response.on('data', (part) => parts.push(part)).on('end', () => {
    const body = Buffer.concat(parts).toString('base64');
    console.log(JSON.stringify({ status: response.statusCode, headers: response.headers, body }));
  });
}).end();`;

/** The pod of a StaticSite on a node of its own, with nginx and the files of a site. */
export class SitePod {
  public static async of(objects: readonly any[], name: string, files: Record<string, string>): Promise<SitePod> {
    const site = scratchFolder('site');
    chmodSync(site, 0o755);
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(site, path)), { recursive: true });
      writeFileSync(join(site, path), content);
    }
    const deployment = objects.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === name);
    const { template } = deployment.spec;
    const image = /([^/:@]+)(?:[:@][^/]*)?$/.exec(template.spec.containers[0].image)![1]!;
    const tools = {
      busybox: dirname(toolPath('busybox', 'bin/busybox')),
      nginx: dirname(toolPath('nginx', 'bin/nginx')),
    };
    const machine = await PodMachine.start(objects, {
      [image]: { tools, home: '/', opensOutput: true, folders: { '/usr/share/nginx/html': site } },
    });
    const pod = new SitePod(machine, machine.pod(template, name), template.spec.containers[0], site);
    pod.server = await pod.pod.start(name);
    await pod.server.until('an answer', () => pod.answers());
    return pod;
  }

  public server!: Server;

  private constructor(
    public readonly machine: PodMachine,
    public readonly pod: Pod,
    private readonly container: any,
    /** Where the files of the site lie. */
    public readonly site: string,
  ) {}

  public get port(): number {
    return this.container.ports[0].containerPort;
  }

  /** Whether anybody listens. */
  public answers(): boolean {
    try {
      return this.ask('/').status > 0;
    } catch {
      return false;
    }
  }

  /** Asks for a path. */
  public ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Answer {
    const question = JSON.stringify([this.port, path, headers, method]);
    return JSON.parse(run(process.execPath, ['-e', ASK, question], { network: this.machine.pid }));
  }

  /** The status that a probe of the container gets. */
  public probe(kind: 'startupProbe' | 'readinessProbe' | 'livenessProbe'): number {
    return this.ask(this.container[kind].httpGet.path).status;
  }
}
