import type { V1Secret } from '@kubernetes/client-node';

import type { Reader, Rollout } from '../../src/cli/secrets/readers';
import type { RotationSite } from '../../src/cli/secrets/rotation';

/** Thrown where a run is killed: nothing of it runs any more, so what is thrown must not be caught by anybody. */
export class Killed {}

/**
 * A namespace in memory, for rotations: its Secrets, and a list of all that was done. What servers and pods do is for those
 * who derive from it. A run can be killed before or after anything that it does.
 */
export class RotationSiteInMemory implements RotationSite {
  public readonly done: string[] = [];
  public readonly secrets = new Map<string, V1Secret>();
  public readonly marks = new Map<string, string>();
  /** How many more deeds there are before the run is killed; half a deed is one that is done, and not reported. */
  public killIn = Infinity;
  public clock = Date.parse('2026-01-01T00:00:00Z');
  private version = 1;

  public hold(name: string, values: Record<string, string>): void {
    const data = Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
    this.keep({ metadata: { name }, data: Object.fromEntries(data) });
  }

  public valuesOf(name: string): Record<string, string> {
    const data = Object.entries(this.secrets.get(name)?.data ?? {});
    return Object.fromEntries(data.map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
  }

  public readSecret = (name: string) => Promise.resolve(structuredClone(this.secrets.get(name)));

  public writeSecret = ({ name, exists, body }: { name: string; exists: boolean; body: V1Secret }) =>
    this.do(`${exists ? 'change' : 'make'} ${name}`, () => {
      const found = this.secrets.get(name);
      if (exists !== (found !== undefined)) throw new Error(`secret ${name} is ${found ? 'there' : 'not there'}`);
      if (exists && body.metadata?.resourceVersion !== found?.metadata?.resourceVersion) throw new Error('conflict');
      this.keep({ ...found, ...body, metadata: { name }, data: { ...found?.data, ...body.data } });
    });

  public deleteSecret = (name: string) => this.do(`delete ${name}`, () => void this.secrets.delete(name));

  public run = (pod: string, container: string, script: string, input: string) =>
    this.do(`run in ${pod}/${container}`, () => this.runScript(script, input));

  public restart = async (reader: Reader, mark: string) => {
    const name = `${reader.kind}/${reader.name}`;
    if (this.marks.get(name) === mark) return true;
    await this.do(`restart ${name}`, async () => {
      this.marks.set(name, mark);
      await this.restartPods(reader);
    });
    return true;
  };

  public rollout = (_reader: Reader, _mark: string): Promise<Rollout> => Promise.resolve({ done: true, state: 'done' });

  public sleep = (milliseconds: number): Promise<void> => {
    this.clock += milliseconds;
    return Promise.resolve();
  };

  public now = () => this.clock;

  protected runScript(_script: string, _input: string): void | Promise<void> {}

  protected restartPods(_reader: Reader): void | Promise<void> {}

  private async do(what: string, deed: () => void | Promise<void>): Promise<void> {
    if (this.killIn <= 0) throw new Killed();
    await deed();
    this.done.push(what);
    this.killIn -= 0.5;
    if (this.killIn <= 0) throw new Killed();
    this.killIn -= 0.5;
  }

  private keep(secret: V1Secret): void {
    const metadata = { ...secret.metadata, resourceVersion: `${(this.version += 1)}` };
    this.secrets.set(metadata.name!, { ...secret, metadata });
  }
}
