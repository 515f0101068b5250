import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { stringify } from 'yaml';

import { readFiles, temporaryFolder } from '../outputs/folders';

/** The overlays of the repository. */
export const OVERLAYS = join(__dirname, '../../overlays');

/** A schema as it lies beside the overlays. */
export const schemaOf = (name: string): any => JSON.parse(readFileSync(join(OVERLAYS, `schemas/${name}.json`), 'utf8'));

/** As YAML, without anchors. */
export const asYaml = (overlay: unknown) => stringify(overlay, { aliasDuplicateObjects: false });

/** A copy of the overlays, in which a system has its base and one environment, `env`, that is written again and again. */
export class OverlayFolder {
  public readonly root: string;
  public readonly file: string;

  public constructor(system: string) {
    const files = Object.entries(readFiles(OVERLAYS));
    const kept = files.filter(([path]) => path === `${system}/base.yaml` || path.startsWith(`schemas/${system}.`));
    this.root = temporaryFolder(Object.fromEntries(kept));
    this.file = join(this.root, system, 'env.yaml');
  }

  /** Makes this the environment. */
  public write(text: string): void {
    writeFileSync(this.file, text);
  }
}
