import type { ValuePath } from '../../src/outputs/chart/template';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { App } from 'cdk8s';

import { withoutPlans } from '../../src/outputs/chart/helm-only';
import { finish } from '../../src/cli/build';
import type { FinishedObject } from '../../src/outputs/plain';
import { loadSettings, schemaFile } from '../../src/settings/load';
import { mergeSettings } from '../../src/settings/merge';
import { readSettingsFile } from '../../src/settings/read';
import { validators } from '../../src/settings/validators';
import { SYSTEMS } from '../../src/systems';
import type { Values } from '../../src/outputs/chart/values';

/** A JSON Schema of settings. */
export interface Schema {
  readonly type?: string;
  readonly $ref?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly propertyNames?: Schema;
  readonly pattern?: string;
  readonly minimum?: number;
}

/** An environment of a system, with the settings that its files say. */
export interface Environment {
  readonly name: string;
  readonly values: Values;
}

/** Builds a system with any settings, and says what comes out. */
export class Probe {
  public readonly environments: readonly Environment[];
  public builds = 0;
  public readonly document: Schema & { readonly definitions: Readonly<Record<string, Schema>> };

  public constructor(
    public readonly system: string,
    private readonly overlays = 'overlays',
  ) {
    this.document = JSON.parse(readFileSync(schemaFile(overlays, system, true), 'utf8'));
    const all = loadSettings({ root: overlays, validators, only: system });
    this.environments = all.map(({ environment, settings }) => ({
      name: environment,
      values: mergeSettings({ environment }, JSON.parse(JSON.stringify(settings))),
    }));
  }

  /** What all environments share. */
  public get base(): Values {
    const file = join(this.overlays, this.system, 'base.yaml');
    return readSettingsFile(file, file).data as Values;
  }

  /** The schema of all settings. */
  public get root(): Schema {
    return this.resolve(this.document);
  }

  /** A schema, and that of its items, with what they refer to; its own words win. */
  public resolve(schema: Schema): Schema {
    const { $ref, ...own } = schema;
    const named = $ref && this.document.definitions[decodeURIComponent($ref.split('/').pop()!)];
    const all = named ? { ...this.resolve(named), ...own } : schema;
    return all.items ? { ...all, items: this.resolve(all.items) } : all;
  }

  /** What the schema says of what stands at a path, if anything. */
  public at(path: ValuePath): Schema | undefined {
    let schema = this.root;
    for (const key of path) {
      const below = schema.properties?.[key] ?? schema.additionalProperties ?? schema.items;
      if (typeof below !== 'object') return undefined;
      schema = this.resolve(below);
    }
    return schema;
  }

  /** The objects that come of settings; nothing where these are refused. */
  public build({ environment, ...settings }: Values): FinishedObject[] | undefined {
    this.builds += 1;
    if (!validators[this.system]!.base(settings)) return undefined;
    try {
      const SystemOf = SYSTEMS[this.system]!;
      const objects = finish(new SystemOf(new App(), environment as string, settings as any));
      return objects.map((one) => ({ ...one, manifest: withoutPlans(one.manifest) }));
    } catch {
      return undefined;
    }
  }
}
