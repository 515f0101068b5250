import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import type { ValidateFunction } from 'ajv';

import { checkSettings, dotted, placed } from './check';
import { mergeSettings } from './merge';
import { type Place, type Problem, SettingsError } from './problems';
import { readSettingsFile, type SettingPath, type SettingsFile } from './read';
import { trackReads } from './tracked';

/** The compiled schemas of one system. */
export interface SystemValidators {
  /** Checks base, and base with an environment merged into it. */
  readonly base: ValidateFunction;
  /** Checks what an environment changes: any part of the above, and `null` to remove. */
  readonly environment: ValidateFunction;
}

/** One environment of one system. */
export interface EnvironmentSettings<T = any> {
  readonly system: string;
  readonly environment: string;
  /** Base with the environment's changes merged into it. */
  readonly settings: T;
  /** What is set and was never read, as problems. Asked after the system was built. */
  unread(): Problem[];
}

/** What is loaded. */
export interface LoadOptions {
  /** Folder of the overlays, and its name in messages. */
  readonly root: string;
  /** The systems that exist. */
  readonly validators: Readonly<Record<string, SystemValidators>>;
  /**
   * `system` or `system/environment` to which this is limited.
   * @default - everything
   */
  readonly only?: string;
}

/** What is no system's: where Argo CD finds all of them. */
export const ARGOCD_FILE = 'argocd.yaml';

const SCHEMAS = 'schemas';

/** The schema of the settings of a system, or of those that its environments share. */
export const schemaFile = (root: string, system: string, shared = false): string =>
  join(root, SCHEMAS, `${system}${shared ? '.base' : ''}.json`);

/** Folders beside those of systems: what is generated for them. */
const GENERATED: readonly string[] = [SCHEMAS, 'charts'];

const BASE = 'base';
/** Folders of the output in which something else is. */
const TAKEN = ['chart', 'kustomize'];
const DNS_LABEL = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * Reads, merges and checks the settings of every environment. Every problem of every file is found before anything is
 * refused. Throws a {@link SettingsError}.
 */
export function loadSettings(options: LoadOptions): EnvironmentSettings[] {
  const loader = new Loader(options);
  const environments = loader.load();
  if (loader.problems.length > 0) throw new SettingsError(loader.problems);
  return environments;
}

class Loader {
  public readonly problems: Problem[] = [];
  private readonly onlySystem?: string;
  private readonly onlyEnvironment?: string;

  public constructor(private readonly options: LoadOptions) {
    const [system, ...environment] = options.only?.split('/') ?? [];
    this.onlySystem = system;
    this.onlyEnvironment = environment.length > 0 ? environment.join('/') : undefined;
  }

  public load(): EnvironmentSettings[] {
    const { root, validators } = this.options;
    const known = Object.keys(validators).sort();
    const folders = existsSync(root) ? this.folders(root) : [];
    for (const system of folders.filter((name) => !known.includes(name))) {
      this.problem(join(root, system), `no system has this name; known are ${known.join(', ')}`);
    }
    const wanted = known.filter((name) => this.onlySystem === undefined || this.onlySystem === name);
    if (wanted.length === 0)
      this.problem(root, `no system is called "${this.onlySystem}"; known are ${known.join(', ')}`);
    const loaded = wanted.flatMap((system) => {
      if (folders.includes(system)) return this.loadSystem(system);
      this.problem(join(root, system), `has no settings; make ${join(root, system, `${BASE}.yaml`)}`);
      return [];
    });
    this.refuseSharedNamespaces(loaded);
    return loaded.map(({ environment }) => environment);
  }

  private folders(root: string): string[] {
    const names = readdirSync(root).filter(
      (name) => !name.startsWith('.') && !GENERATED.includes(name) && name !== ARGOCD_FILE,
    );
    const folders = names.filter((name) => statSync(join(root, name)).isDirectory());
    for (const name of names.filter((other) => !folders.includes(other))) {
      this.problem(join(root, name), 'expected a folder per system here, found a file; move or remove it');
    }
    return folders.sort();
  }

  private loadSystem(system: string): Loaded[] {
    const folder = join(this.options.root, system);
    const names = this.settingsFiles(folder);
    if (!names.includes(BASE)) {
      this.problem(join(folder, `${BASE}.yaml`), 'is missing; it holds what all environments of the system share');
    }
    const environments = names.filter((name) => name !== BASE);
    const wanted = environments.filter((name) => this.onlyEnvironment === undefined || this.onlyEnvironment === name);
    if (wanted.length === 0) {
      const found = environments.length > 0 ? `known are ${environments.join(', ')}` : 'it has none';
      const asked = this.onlyEnvironment ? ` called "${this.onlyEnvironment}"` : '';
      this.problem(folder, `no environment${asked}; ${found}`);
    }
    if (!names.includes(BASE)) {
      wanted.forEach((environment) => this.readChecked(system, environment));
      return [];
    }
    const base = this.readChecked(system, BASE);
    return wanted.flatMap((environment) => this.merge(system, environment, base));
  }

  private settingsFiles(folder: string): string[] {
    const names = readdirSync(folder).filter((name) => !name.startsWith('.'));
    return names.sort().flatMap((file) => {
      const path = join(folder, file);
      const name = file.replace(/\.yaml$/, '');
      if (name === file || !statSync(path).isFile()) {
        this.problem(path, 'expected a file whose name ends in .yaml; rename or remove it');
        return [];
      }
      if (!DNS_LABEL.test(name)) {
        this.problem(path, `expected a DNS label as name of an environment, got "${name}"; rename the file`);
        return [];
      }
      if (TAKEN.includes(name)) {
        this.problem(
          path,
          `no environment can be called "${name}", as a folder beside those of the environments is; rename the file`,
        );
        return [];
      }
      return [name];
    });
  }

  private readChecked(system: string, name: string): SettingsFile {
    const path = join(this.options.root, system, `${name}.yaml`);
    const file = readSettingsFile(path, path);
    this.problems.push(...file.problems);
    if (file.problems.length > 0) return file;
    const validate = this.options.validators[system]?.[name === BASE ? 'base' : 'environment'];
    if (validate) {
      const findings = checkSettings(file.data, validate, schemaFile(this.options.root, system, name === BASE));
      this.problems.push(
        ...findings.map((finding) =>
          placed(finding, finding.atKey ? file.keyPlace(finding.path) : file.valuePlace(finding.path)),
        ),
      );
    }
    return file;
  }

  private merge(system: string, environment: string, base: SettingsFile): Loaded[] {
    const before = this.problems.length;
    const overlay = this.readChecked(system, environment);
    const place = (path: SettingPath, atKey = false): Place => {
      const file = overlay.has(path) ? overlay : base;
      return atKey ? file.keyPlace(path) : file.valuePlace(path);
    };
    const settings = mergeSettings(base.data, overlay.data);
    // Each file by itself may be right and their sum wrong: an environment may remove what is needed.
    if (this.problems.length === before && base.problems.length === 0) {
      const validate = this.options.validators[system]?.base;
      const findings = validate ? checkSettings(settings, validate, schemaFile(this.options.root, system, true)) : [];
      const fresh = findings.filter(({ path, message }) => !this.isKnown(base.valuePlace(path), message));
      this.problems.push(...fresh.map((finding) => placed(finding, place(finding.path, finding.atKey))));
    }
    const tracked = trackReads(settings);
    const unread = () =>
      tracked
        .unread()
        .map((path) => ({ ...place(path, true), message: `${dotted(path)}: no construct reads this setting` }));
    return [
      {
        environment: { system, environment, settings: tracked.settings, unread },
        namespaces: namespacesIn(settings).map(({ path, name }) => ({ path, name, place: place(path) })),
      },
    ];
  }

  private isKnown(place: Place, message: string): boolean {
    return this.problems.some((problem) => problem.file === place.file && problem.message === message);
  }

  private refuseSharedNamespaces(loaded: readonly Loaded[]): void {
    for (const [index, { namespaces, environment }] of loaded.entries()) {
      for (const { path, name, place } of namespaces) {
        const has = (other: Loaded) => other.namespaces.some((one) => one.name === name);
        const first = loaded.slice(0, index).find(has)?.environment;
        if (!first || typeof name !== 'string') continue;
        const message = `${dotted(path)}: "${name}" is that of ${first.system}/${first.environment} already`;
        this.problems.push({ ...place, message: `${message}; give ${environment.environment} one of its own` });
      }
    }
  }

  private problem(file: string, message: string): void {
    this.problems.push({ file, line: 1, column: 1, message });
  }
}

interface Loaded {
  readonly environment: EnvironmentSettings;
  readonly namespaces: readonly { readonly path: string[]; readonly name: unknown; readonly place: Place }[];
}

/** The namespaces of an environment, and where they are said. */
function namespacesIn({ namespace, namespaces }: Record<string, any>): { path: string[]; name: unknown }[] {
  const others = Object.entries(namespaces ?? {}).map(([key, name]) => ({ path: ['namespaces', key], name }));
  return [{ path: ['namespace'], name: namespace }, ...others];
}
