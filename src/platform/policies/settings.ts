import type { DnsLabel } from '../names';

/** Who enforces: the API server itself (`ValidatingAdmissionPolicy`), or Kyverno, a webhook in the cluster. */
export type PolicyEngine = 'kubernetes' | 'kyverno';

/** What happens to what a rule does not like: refused, let in with a warning to who sent it, or only noted. */
export type PolicyAction = 'audit' | 'deny' | 'warn';

/** What is asked of everything in the namespaces of a system. */
export type PolicyRuleName =
  | 'default-namespace'
  | 'image-registries'
  | 'image-tags'
  | 'probes'
  | 'required-labels'
  | 'resources'
  | 'restricted-security'
  | 'service-accounts'
  | 'service-types';

/** Every rule, in the order of their names. */
export const RULE_NAMES: readonly PolicyRuleName[] = [
  'default-namespace',
  'image-registries',
  'image-tags',
  'probes',
  'required-labels',
  'resources',
  'restricted-security',
  'service-accounts',
  'service-types',
];

/**
 * A registry with the path of what may be pulled from it.
 * @pattern ^[a-z0-9]([-a-z0-9]*[a-z0-9])?((\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+(:[0-9]{1,5})?|:[0-9]{1,5})(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$
 * @title the host of a registry in lower case such as ghcr.io, with a path where it has one
 */
export type RegistryPath = string;

/**
 * The name of a label.
 * @pattern ^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$
 * @title a label name such as cost-center
 */
export type LabelName = string;

/**
 * Images as pods name them.
 * @pattern ^[a-z0-9*][-a-z0-9._:/*]*$
 * @title an image such as ghcr.io/acme/* (a star stands for anything, slashes too)
 */
export type ImagePattern = string;

/**
 * A public key in PEM.
 * @pattern ^-----BEGIN PUBLIC KEY-----\s[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----\s*$
 * @title a public key in PEM, which begins with -----BEGIN PUBLIC KEY-----
 */
export type PublicKey = string;

/** Somebody who signs with a short-lived certificate instead of a key: a pipeline, mostly. */
export interface SignerIdentitySettings {
  /**
   * Who vouches for the identity.
   * @pattern ^https://[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]{1,5})?(/[^\s]*)?$
   * @title the address of an OIDC issuer such as https://token.actions.githubusercontent.com
   */
  readonly issuer: string;

  /**
   * The identity; a star stands for anything.
   * @pattern ^\S+$
   * @title an identity without blanks, such as the address of a workflow or an e-mail address
   */
  readonly subject: string;
}

/** Images that have to be signed (cosign), and by whom. Only Kyverno can check that. */
export interface SignedImagesSettings {
  /**
   * Which images.
   * @minItems 1
   */
  readonly images: ImagePattern[];

  /**
   * Keys of which one must have signed.
   * @default []
   */
  readonly publicKeys?: PublicKey[];

  /**
   * Identities of which one must have signed, where no key has.
   * @default []
   */
  readonly identities?: SignerIdentitySettings[];

  /**
   * Whether signatures have to be in Sigstore's public log. Those of identities always are.
   * @default true
   */
  readonly transparencyLog?: boolean;
}

/** A workload of which rules are not asked. */
export interface PolicyExceptionSettings {
  /** Its name: the label `app.kubernetes.io/name` of it and of its pods. */
  readonly workload: DnsLabel;

  /**
   * The rules.
   * @minItems 1
   */
  readonly rules: PolicyRuleName[];

  /**
   * Why; on the policies, for who reads them.
   * @pattern ^\S.{7,}$
   * @title a reason of at least eight characters
   */
  readonly reason: string;
}

/** Admission policies: what the API server refuses in the namespaces of a system, whoever sends it. */
export interface PoliciesSettings {
  /**
   * Who enforces. Both may, with the same rules: Kyverno also reports on what is there already.
   * @minItems 1
   * @default ["kubernetes"]
   */
  readonly engines?: PolicyEngine[];

  /**
   * What happens to what a rule does not like.
   * @default deny
   */
  readonly action?: PolicyAction;

  /**
   * The rules that are asked.
   * @minItems 1
   * @default - all of them; `image-registries` where allowedRegistries are told, `image-tags` where latest is not allowed
   */
  readonly rules?: PolicyRuleName[];

  /**
   * Where images may come from. An image without a host is Docker Hub's: `docker.io`, and `docker.io/library` without a path.
   * @minItems 1
   * @default - anywhere
   */
  readonly allowedRegistries?: RegistryPath[];

  /**
   * Where images may come from which the cluster puts beside ours: sidecars of Dapr, cert-manager's solvers.
   * @default ["docker.io/daprio/daprd", "ghcr.io/dapr/daprd", "quay.io/jetstack/cert-manager-acmesolver"]
   */
  readonly clusterImages?: RegistryPath[];

  /**
   * Labels that workloads, their pods, Services and Ingresses must have.
   * @minItems 1
   * @default ["app.kubernetes.io/instance", "app.kubernetes.io/name", "app.kubernetes.io/part-of", "environment"]
   */
  readonly requiredLabels?: LabelName[];

  /**
   * Images that have to be signed.
   * @default - none
   */
  readonly signedImages?: SignedImagesSettings;

  /**
   * Workloads of which some rules are not asked.
   * @default []
   */
  readonly exceptions?: PolicyExceptionSettings[];

  /**
   * What happens while Kyverno does not answer. Where it admits, signatures are not checked in that time; where it refuses,
   * no pod of the system starts.
   * @default - refuse
   */
  readonly withoutKyverno?: 'admit' | 'refuse';
}

/** Policies with nothing left open; registries that are not there mean any. */
export interface ResolvedPolicies {
  readonly engines: readonly PolicyEngine[];
  readonly action: PolicyAction;
  readonly rules: readonly PolicyRuleName[];
  readonly registries: readonly string[];
  readonly requiredLabels: readonly string[];
  readonly signedImages?: Required<SignedImagesSettings>;
  readonly exceptions: readonly PolicyExceptionSettings[];
  readonly withoutKyverno: 'admit' | 'refuse';
}

const CLUSTER_IMAGES = ['docker.io/daprio/daprd', 'ghcr.io/dapr/daprd', 'quay.io/jetstack/cert-manager-acmesolver'];

const LABELS = ['app.kubernetes.io/instance', 'app.kubernetes.io/name', 'app.kubernetes.io/part-of', 'environment'];

/** Fills in defaults. The order in which settings list things means nothing, so what is made does not follow it. */
export function resolvePolicies(settings: PoliciesSettings, allowLatestImages: boolean): ResolvedPolicies {
  const { engines, allowedRegistries, signedImages } = settings;
  const without = [...(allowedRegistries ? [] : ['image-registries']), ...(allowLatestImages ? ['image-tags'] : [])];
  return {
    engines: sorted(engines ?? ['kubernetes']),
    action: settings.action ?? 'deny',
    rules: sorted(settings.rules ?? RULE_NAMES).filter((rule) => !without.includes(rule)),
    registries: allowedRegistries ? sorted([...allowedRegistries, ...(settings.clusterImages ?? CLUSTER_IMAGES)]) : [],
    requiredLabels: sorted(settings.requiredLabels ?? LABELS),
    signedImages: signedImages && {
      images: sorted(signedImages.images),
      publicKeys: signedImages.publicKeys ?? [],
      identities: signedImages.identities ?? [],
      transparencyLog: signedImages.transparencyLog ?? true,
    },
    exceptions: settings.exceptions ?? [],
    withoutKyverno: settings.withoutKyverno ?? 'refuse',
  };
}

const sorted = <T extends string>(values: readonly T[]): T[] => [...new Set(values)].sort();
