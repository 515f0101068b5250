import { Lazy } from 'cdk8s';
import { Construct } from 'constructs';

import {
  ExternalSecretsExternalSecret,
  type ExternalSecretsExternalSecretSpec,
  ExternalSecretsSecretStore,
} from '../../imports/external-secrets';
import { KubeServiceAccount } from '../../imports/k8s';
import type { ResolvedSecretSource } from './secret-source';
import { type SecretDeclaration, Secrets } from './secrets';
import { ValidationError, validationMessage } from './validation-error';

/** As whom the operator asks the store. */
const SERVICE_ACCOUNT = 'external-secrets';

/**
 * The Secrets of a system, made by the External Secrets Operator: for each declared one an object that says where its
 * values are, and one store for all. Every Secret is one entry of the store, a JSON object with a property per key.
 * @internal
 */
export class ExternalSecrets extends Construct {
  /** The identity by which the store knows the system; nothing where the operator's own is used. */
  public readonly serviceAccount?: KubeServiceAccount;

  public constructor(
    scope: Construct,
    id: string,
    private readonly source: ResolvedSecretSource,
  ) {
    super(scope, id);
    const { connection, identity, reference } = source.provider;
    if (identity) this.serviceAccount = this.renderServiceAccount(identity);
    if (connection) {
      const provider = connection(SERVICE_ACCOUNT);
      new ExternalSecretsSecretStore(this, 'store', { metadata: { name: reference.name }, spec: { provider } });
    }
    Secrets.of(this)._onDeclared((name) => this.renderSecret(name));
    this.node.addValidation({ validate: () => this.halfOptional() });
  }

  /** What the store calls a Secret. */
  public keyOf(secret: string): string {
    const { prefix, provider } = this.source;
    return `${prefix}/${secret}`.split('/').join(provider.separator);
  }

  /** The operator makes a Secret with all its keys or not at all. */
  private halfOptional(): string[] {
    return Secrets.of(this).all.flatMap(({ name, keys }) => {
      const optional = Object.keys(keys).filter((key) => keys[key]?.optional);
      if (optional.length === 0 || optional.length === Object.keys(keys).length) return [];
      const found = `only ${optional.join(', ')} of it may be missing, and the operator would then make none of its keys`;
      return [validationMessage(this, `secret ${name}`, `${found}; put what is optional into a Secret of its own`)];
    });
  }

  private renderServiceAccount(annotations: { readonly [annotation: string]: string }): KubeServiceAccount {
    const given = Object.keys(annotations).length > 0 ? { annotations: { ...annotations } } : {};
    return new KubeServiceAccount(this, 'service-account', {
      metadata: { name: SERVICE_ACCOUNT, ...given },
      automountServiceAccountToken: false,
    });
  }

  private renderSecret(name: string): void {
    const key = this.keyOf(name);
    const { longestName } = this.source.provider;
    if (key.length > longestName) {
      const found = `"${key}" has ${key.length} characters, and a name in the store may have ${longestName}`;
      throw new ValidationError(this, 'secrets.prefix', `${found}; shorten the prefix`);
    }
    new ExternalSecretsExternalSecret(this, `secret-${name}`, {
      metadata: { name },
      spec: Lazy.any({ produce: () => this.renderSpec(Secrets.of(this).all.find((one) => one.name === name)!) }),
    });
  }

  private renderSpec({ name, keys }: SecretDeclaration): ExternalSecretsExternalSecretSpec {
    const { provider, refreshSeconds } = this.source;
    const templates = Object.entries(keys).flatMap(([key, { template }]) =>
      template === undefined ? [] : [[key, goTemplate(template)]],
    );
    const own = Object.keys(keys).filter((key) => keys[key]?.template === undefined);
    return {
      refreshInterval: `${refreshSeconds}s`,
      secretStoreRef: { ...provider.reference },
      target: {
        name,
        creationPolicy: 'Owner',
        // Whatever happens to the store, pods that run must be able to start again.
        deletionPolicy: 'Retain',
        template:
          templates.length > 0
            ? { engineVersion: 'v2', mergePolicy: 'Merge', data: Object.fromEntries(templates) }
            : undefined,
      },
      // The last three are what the API server fills in; unsaid, GitOps would see a difference for ever.
      data: own.map((key) => ({
        secretKey: key,
        remoteRef: {
          key: this.keyOf(name),
          property: key,
          conversionStrategy: 'Default',
          decodingStrategy: 'None',
          metadataPolicy: 'None',
        },
      })),
    };
  }
}

/** A template of ours in the language of the operator: braces that would begin an action are put into one. */
export function goTemplate(template: string): string {
  return template
    .split(/\{\{([^{}]*)\}\}/)
    .map((part, index) => {
      if (index % 2) return `{{ index . ${JSON.stringify(part)} }}`;
      return part.replace(/\{\{+|\{$/g, (braces) => `{{ ${JSON.stringify(braces)} }}`);
    })
    .join('');
}
