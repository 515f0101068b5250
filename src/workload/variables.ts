import type { IConstruct } from 'constructs';

import type { EnvVar } from '../../imports/k8s';
import type { SecretVariable } from '../network/connectable';
import { ValidationError } from '../platform/validation-error';

/** The order in which a file lists its keys means nothing. */
const sorted = (map: ReadonlyMap<string, string>) => Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));

/** The variables of an application, each of which may be set only once: by its settings or by one of its relations. */
export class Variables {
  private readonly plain = new Map<string, string>();
  private readonly secret: SecretVariable[] = [];
  private readonly composed = new Map<string, string>();

  public constructor(private readonly owner: IConstruct) {}

  /** Those without secrets, for a ConfigMap. */
  public get configuration(): Record<string, string> {
    return sorted(this.plain);
  }

  /** The others. Secret ones first: the composed ones refer to them, and Kubernetes expands only what stands before. */
  public get environment(): EnvVar[] {
    return [
      ...this.secret.map(({ variable, secret, key, optional }) => ({
        name: variable,
        // waiver checkov CKV_K8S_35 on Deployment/backend: the application reads its settings from variables
        valueFrom: { secretKeyRef: { name: secret, key, optional: optional || undefined } },
      })),
      ...[...this.composed].map(([name, value]) => ({ name, value })),
    ];
  }

  public add(parameters: { readonly [variable: string]: string }): void {
    for (const [variable, value] of Object.entries(parameters)) {
      this.claim(variable);
      this.plain.set(variable, value);
    }
  }

  public addSecret(variables: readonly SecretVariable[]): void {
    for (const variable of variables) {
      this.claim(variable.variable);
      this.secret.push(variable);
    }
  }

  /** Those whose values name secret ones as `$(VARIABLE)`. */
  public addComposed(parameters: { readonly [variable: string]: string }): void {
    for (const [variable, value] of Object.entries(parameters)) {
      this.claim(variable);
      this.composed.set(variable, value);
    }
  }

  private claim(variable: string): void {
    const refuse = (problem: string) => {
      throw new ValidationError(this.owner, `environment.${variable}`, problem);
    };
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable)) {
      const expected = 'expected letters, digits and underscores, not beginning with a digit';
      refuse(`${expected}, got "${variable}"; rename it`);
    }
    if (variable === '__proto__' || variable === 'constructor') {
      refuse('is a name that JavaScript keeps for itself; rename it');
    }
    const isTaken = this.secret.some((known) => known.variable === variable);
    if (!isTaken && !this.plain.has(variable) && !this.composed.has(variable)) return;
    refuse('is set twice, by the settings or by relations; remove it from environment or secrets');
  }
}
