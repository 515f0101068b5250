import type { Api, KubeObject } from './api';
import { sleep } from '../runtime/support/process';

/** Told of each change, in the order in which the API server made them. */
export type OnChange = (object: KubeObject, gone: boolean) => void;

/** What is kept up to date until it is stopped. */
export interface Kept {
  readonly all: KubeObject[];
  stop(): void;
}

/**
 * All objects under a path, kept as the API server has them. Sees every change and not samples of them, so that what is
 * asserted at each holds throughout. Ends with its cluster: see `Cluster.mirror`.
 */
export class Mirror implements Kept {
  /** Lists, and watches from there. `onChange` is told of what was there already, too. */
  public static async of(api: Api, path: string, onChange: OnChange = () => {}): Promise<Mirror> {
    const mirror = new Mirror(api, path, onChange);
    const version = await mirror.read();
    void mirror.follow(version);
    return mirror;
  }

  private readonly byName = new Map<string, KubeObject>();
  private readonly abort = new AbortController();

  private constructor(
    private readonly api: Api,
    private readonly path: string,
    private readonly onChange: OnChange,
  ) {}

  public get all(): KubeObject[] {
    return [...this.byName.values()];
  }

  public stop(): void {
    this.abort.abort();
  }

  private async read(): Promise<string> {
    const { items, metadata } = await this.api.get(this.path);
    const found = new Set(items.map(nameOf));
    for (const [name, object] of this.byName) if (!found.has(name)) this.note(object, true);
    for (const object of items) this.note(object, false);
    return metadata.resourceVersion;
  }

  private async follow(version: string): Promise<void> {
    let from = version;
    while (!this.abort.signal.aborted) {
      try {
        await this.api.watch(
          this.path,
          from,
          ({ type, object }) => {
            if (type === 'ERROR') throw new Error(object.message);
            from = object.metadata.resourceVersion;
            this.note(object, type === 'DELETED');
          },
          this.abort.signal,
        );
      } catch {
        if (this.abort.signal.aborted) return;
        // Too old a version, or a server that is going: what is there now is the new beginning.
        await sleep(200);
        from = await this.read().catch(() => from);
      }
    }
  }

  private note(object: KubeObject, gone: boolean): void {
    if (gone) this.byName.delete(nameOf(object));
    else this.byName.set(nameOf(object), object);
    this.onChange(object, gone);
  }
}

/** Several as one. */
export const joined = (mirrors: readonly Kept[]): Kept => ({
  get all() {
    return mirrors.flatMap(({ all }) => all);
  },
  stop: () => mirrors.forEach((mirror) => mirror.stop()),
});

const nameOf = ({ metadata }: KubeObject) => `${metadata.namespace ?? ''}/${metadata.name}`;
