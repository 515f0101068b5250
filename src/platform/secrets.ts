import { Chart } from 'cdk8s';
import { Construct, type IConstruct } from 'constructs';

import { ValidationError } from './validation-error';

/** How the value of one key of a Secret comes about. Give one of these at most. */
export interface SecretKey {
  /**
   * Characters of a random value.
   * @default 32
   */
  readonly length?: number;

  /**
   * Text in which `{{key}}` stands for another key of the same Secret.
   * @default - the value is random
   */
  readonly template?: string;

  /**
   * Text with which the value begins, and to which it returns after a rotation that lent it another.
   * @default - the value is random
   */
  readonly initial?: string;

  /**
   * Whether only somebody else can give the value, as with the key of an API outside: it is never made up.
   * @default false
   */
  readonly provided?: boolean;

  /**
   * Whether pods start without it: then nobody calls it missing.
   * @default false
   */
  readonly optional?: boolean;
}

/**
 * A server that keeps values itself, and must be told of new ones. Scripts run in its container, by `sh`. On stdin they get
 * lines `new KEY VALUE` and `old KEY VALUE` for every key of the Secret that is no template, and `end`. They must bear to
 * be run again at any time.
 */
export interface SecretServer {
  /** Pod of a StatefulSet: its name, a dash and a number. */
  readonly pod: string;

  /** Container in which the scripts run. */
  readonly container: string;

  /** Script that makes the server accept the new values. */
  readonly accept: string;

  /**
   * Script that makes the server refuse the old values, once nothing uses them any more.
   * @default - `accept` has replaced them
   */
  readonly retire?: string;
}

/** How some values of a Secret are replaced by others. */
export interface SecretRotation {
  /** Keys that get new random values. */
  readonly renew: string[];

  /**
   * Keys that take turns among texts: each is followed by the next in its list.
   * @default - none
   */
  readonly alternate?: { [key: string]: string[] };

  /**
   * What keys with an initial text hold meanwhile. `{{key}}` stands for the old value of a key.
   * @default - they do not change
   */
  readonly during?: { [key: string]: string };

  /**
   * The server that keeps the values. Its own pods are not restarted, unless something is interrupted.
   * @default - no server keeps them
   */
  readonly server?: SecretServer;

  /**
   * What stops for a while.
   * @default - nothing: readers are restarted one after the other
   */
  readonly interrupts?: string;
}

/** A Secret that the pods of a system read. Its values never enter the manifests. */
export interface SecretDeclaration {
  /** Name of the Secret. */
  readonly name: string;

  /** Its keys. */
  readonly keys: { [key: string]: SecretKey };

  /**
   * How its values are replaced, as far as that takes more than a new value and new pods.
   * @default - each value on its own
   */
  readonly rotation?: SecretRotation[];
}

interface Declared {
  readonly keys: Map<string, SecretKey>;
  readonly rotation: SecretRotation[];
}

const ID = 'secrets';

/** The Secrets that a system reads. Whoever fills them (a command, an operator) reads the list here. */
export class Secrets extends Construct {
  /** The Secrets of the system around `scope`. */
  public static of(scope: IConstruct): Secrets {
    const chart = Chart.of(scope);
    return (chart.node.tryFindChild(ID) as Secrets | undefined) ?? new Secrets(chart, ID);
  }

  private readonly declared = new Map<string, Declared>();
  private readonly listeners: ((name: string) => void)[] = [];

  /** Every declared Secret, by name. */
  public get all(): SecretDeclaration[] {
    return [...this.declared]
      .map(([name, { keys, rotation }]) => ({
        name,
        keys: Object.fromEntries([...keys].sort(([a], [b]) => (a < b ? -1 : 1))),
        ...(rotation.length > 0 ? { rotation } : {}),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Declares keys of a Secret. The same key may be declared again, but not differently. */
  public declare(declaration: SecretDeclaration): void {
    const { name: secret } = declaration;
    const isNew = !this.declared.has(secret);
    const { keys, rotation } = this.declared.get(secret) ?? { keys: new Map<string, SecretKey>(), rotation: [] };
    this.declared.set(secret, { keys, rotation: [...rotation, ...(declaration.rotation ?? [])] });
    for (const [name, key] of Object.entries(declaration.keys)) {
      const known = keys.get(name);
      if (known && JSON.stringify(known) !== JSON.stringify(key)) {
        const found = `is declared twice, as ${JSON.stringify(known)} and as ${JSON.stringify(key)}`;
        throw new ValidationError(this, `${secret}/${name}`, `${found}; give one of them another key`);
      }
      keys.set(name, key);
    }
    if (isNew) this.listeners.forEach((listener) => listener(secret));
  }

  /**
   * Tells of each Secret when it is first declared.
   * @internal
   */
  public _onDeclared(listener: (name: string) => void): void {
    [...this.declared.keys()].forEach(listener);
    this.listeners.push(listener);
  }
}
