import { Chart } from 'cdk8s';
import type { Construct, IConstruct } from 'constructs';

import { KubeNamespace } from '../../imports/k8s';
import { Access, type AccessSettings } from './access';
import { renderBounds } from './bounds';
import { Certificates, type TlsSettings } from './certificates';
import { DeletionProtection } from './deletion-protection';
import { ExternalSecrets } from './external-secrets';
import { Layer, type LayerName } from './layers';
import type { QuotaProps } from './quota';
import { resolveSecrets, type SecretsSettings } from './secret-source';
import { ValidationError } from './validation-error';

/** The Pod Security Standard that every pod meets, and the release whose wording of it is meant. */
const POD_SECURITY = { level: 'restricted', version: 'v1.30' };

/** What a namespace is called, and what everything in it shares. */
export interface SystemNamespaceProps {
  /** Its name in the cluster. */
  readonly namespace: string;

  /** Labels of all of its objects. */
  readonly labels: { [label: string]: string };

  /** The most that it may hold. */
  readonly quota: QuotaProps;

  /**
   * Who may look at and who may deploy what is in it.
   * @default - nobody but the cluster's administrators
   */
  readonly access?: AccessSettings;

  /**
   * Encryption of what its parts say to one another.
   * @default - none
   */
  readonly tls?: TlsSettings;

  /**
   * Where the values of its Secrets come from.
   * @default - from the secrets command
   */
  readonly secrets?: SecretsSettings;

  /** With what the names of its Secrets in an external store begin, where the settings do not say it. */
  readonly secretsPrefix: string;
}

/**
 * A namespace of a system: Pod Security, quota, limits, default deny, roles and Secrets of its own, and the layers into which
 * everything else is put.
 */
export class Namespace extends Chart {
  /** The namespace around a construct. */
  public static around(scope: IConstruct): Namespace {
    const chart = Chart.of(scope);
    if (namespaces.has(chart)) return chart as Namespace;
    throw new ValidationError(scope, 'scope', 'is not inside a System; place it in a layer of one');
  }

  /** Its name in the cluster. */
  public readonly namespaceName: string;

  private readonly externalSecrets?: ExternalSecrets;

  public constructor(scope: Construct, id: string, props: SystemNamespaceProps) {
    super(scope, id, { namespace: props.namespace, labels: props.labels });
    namespaces.add(this);
    this.namespaceName = props.namespace;
    if (/^(default|kube-.*)$/.test(props.namespace)) {
      const found = `expected a namespace of the system's own, got "${props.namespace}", which is the cluster's`;
      throw new ValidationError(this, 'namespace', `${found}; name another`);
    }
    new Certificates(this, props.tls);
    this.renderNamespace();
    renderBounds(this, props.quota);
    const source = resolveSecrets(this, props.secrets ?? {}, props.secretsPrefix);
    if (source) this.externalSecrets = new ExternalSecrets(this.layer('config'), 'external-secrets', source);
    new Access(this, 'access', props.access);
  }

  /** The scope for what is applied together. */
  public layer(name: LayerName): Layer {
    return (this.node.tryFindChild(name) as Layer | undefined) ?? new Layer(this, name);
  }

  /**
   * What the store of external secrets calls a Secret; nothing where there is no such store.
   * @internal
   */
  public _storeKey(secret: string): string | undefined {
    return this.externalSecrets?.keyOf(secret);
  }

  private renderNamespace(): void {
    const modes = ['audit', 'enforce', 'warn'].flatMap((mode) => [
      [`pod-security.kubernetes.io/${mode}`, POD_SECURITY.level],
      [`pod-security.kubernetes.io/${mode}-version`, POD_SECURITY.version],
    ]);
    const name = this.namespaceName;
    const namespace = new KubeNamespace(this, 'namespace', { metadata: { name, labels: Object.fromEntries(modes) } });
    DeletionProtection.protect(namespace);
  }
}

/** Charts answer `instanceof` for one another, so ours are known by being listed here. */
const namespaces = new WeakSet<Chart>();
