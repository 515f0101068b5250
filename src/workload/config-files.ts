import { posix } from 'node:path';

import { Lazy } from 'cdk8s';
import type { Construct } from 'constructs';

import { KubeConfigMap, type Volume, type VolumeMount } from '../../imports/k8s';
import { ValidationError } from '../platform/validation-error';
import { checksumOf } from './workload';

/** Files of configuration that a workload's containers read: one ConfigMap, and a volume for each of their folders. */
export class ConfigFiles {
  private readonly files = new Map<string, string>();
  private configMap?: KubeConfigMap;

  public constructor(
    private readonly scope: Construct,
    private readonly name: string,
  ) {}

  /** Adds a file by its absolute path. Its folder is mounted whole, so that nothing of the image's is seen in it. */
  public add(path: string, content: string): void {
    const fails = (found: string): never => {
      throw new ValidationError(this.scope, 'configFile', found);
    };
    if (!/^(\/[A-Za-z0-9_-][-A-Za-z0-9._]*){2,}$/.test(path)) {
      fails(`expected the absolute path of a file in a folder, such as /etc/shop/shop.conf, got "${path}"`);
    }
    const same = [...this.files.keys()].find((known) => posix.basename(known) === posix.basename(path));
    if (same) fails(`"${path}" has the same name as "${same}", and both are keys of one ConfigMap; rename one`);
    this.files.set(path, content);
    this.configMap ??= new KubeConfigMap(this.scope, 'files', {
      metadata: { name: this.name },
      data: Lazy.any({ produce: () => this.data }),
    });
  }

  /** Changes with every file, so that the pods roll. */
  public get checksum(): { [annotation: string]: string } {
    return this.files.size > 0 ? checksumOf(this.data, 'files') : {};
  }

  /** One mount for each folder. */
  public get mounts(): VolumeMount[] {
    return this.folders.map(({ volume, path }) => ({ name: volume, mountPath: path, readOnly: true }));
  }

  /** One volume for each folder. */
  public get volumes(): Volume[] {
    return this.folders.map(({ volume, names }) => ({
      name: volume,
      configMap: { name: this.name, items: names.map((name) => ({ key: name, path: name })) },
    }));
  }

  private get data(): Record<string, string> {
    return Object.fromEntries(this.sorted.map(([path, content]) => [posix.basename(path), content]));
  }

  private get folders(): { volume: string; path: string; names: string[] }[] {
    const paths = this.sorted.map(([path]) => path);
    return [...new Set(paths.map((path) => posix.dirname(path)))].map((path, index) => ({
      volume: index === 0 ? 'files' : `files-${index + 1}`,
      path,
      names: paths.filter((file) => posix.dirname(file) === path).map((file) => posix.basename(file)),
    }));
  }

  private get sorted(): [string, string][] {
    return [...this.files].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}
