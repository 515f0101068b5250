import { Chart } from 'cdk8s';
import { Construct, type IConstruct } from 'constructs';

import { ValidationError } from './validation-error';

/** How the value of one key of a Secret comes about. Give either `length` or `template`. */
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
}

/** A Secret that the pods of a system read. Its values never enter the manifests. */
export interface SecretDeclaration {
  /** Name of the Secret. */
  readonly name: string;

  /** Its keys. */
  readonly keys: { [key: string]: SecretKey };
}

const ID = 'secrets';

/** The Secrets that a system reads. Whoever fills them (a command, an operator) reads the list here. */
export class Secrets extends Construct {
  /** The Secrets of the system around `scope`. */
  public static of(scope: IConstruct): Secrets {
    const chart = Chart.of(scope);
    return (chart.node.tryFindChild(ID) as Secrets | undefined) ?? new Secrets(chart, ID);
  }

  private readonly declared = new Map<string, Map<string, SecretKey>>();

  /** Every declared Secret, by name. */
  public get all(): SecretDeclaration[] {
    return [...this.declared]
      .map(([name, keys]) => ({ name, keys: Object.fromEntries([...keys].sort(([a], [b]) => (a < b ? -1 : 1))) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Declares keys of a Secret. The same key may be declared again, but not differently. */
  public declare(declaration: SecretDeclaration): void {
    const keys = this.declared.get(declaration.name) ?? new Map<string, SecretKey>();
    this.declared.set(declaration.name, keys);
    for (const [name, key] of Object.entries(declaration.keys)) {
      const known = keys.get(name);
      if (known && JSON.stringify(known) !== JSON.stringify(key)) {
        const field = `${declaration.name}/${name}`;
        const found = `is declared twice, as ${JSON.stringify(known)} and as ${JSON.stringify(key)}`;
        throw new ValidationError(this, field, `${found}; give one of them another key`);
      }
      keys.set(name, key);
    }
  }
}
