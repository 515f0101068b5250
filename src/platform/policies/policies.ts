import { ApiObject, Chart, Lazy } from 'cdk8s';
import { Construct } from 'constructs';

import { KubeServiceAccount } from '../../../imports/k8s';
import { type Reach, renderAdmissionPolicy } from './admission';
import { checkPolicies, problemsWith } from './checks';
import { renderKyvernoClusterPolicy, renderKyvernoPolicy, renderSignedImages } from './kyverno';
import { type Rule, rulesOf } from './rules';
import { type PoliciesSettings, type ResolvedPolicies, resolvePolicies } from './settings';

/** Of whom the policies are. */
export interface PoliciesOwner {
  /** Name of the system in its environment: what cluster-scoped names begin with, and the label of all its objects. */
  readonly instance: string;
  /** What cluster-scoped names begin with. */
  readonly prefix: string;
  readonly allowLatestImages: boolean;
}

/** Nothing of the system is to be made in the cluster's own namespace, where none of its rules would hold. */
const inDefault = (instance: string): Reach => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } },
  objectSelector: { matchLabels: { 'app.kubernetes.io/instance': instance } },
});

/** Admission policies of a system: each rule once, for every engine that enforces it. */
export class Policies extends Construct {
  private readonly policies: ResolvedPolicies;
  private readonly rules: Rule[];

  public constructor(scope: Construct, id: string, owner: PoliciesOwner, settings: PoliciesSettings) {
    super(scope, id);
    checkPolicies(this, settings);
    this.policies = resolvePolicies(settings, owner.allowLatestImages);
    this.rules = rulesOf(this.policies);
    const { engines } = this.policies;
    for (const rule of this.rules) {
      const name = `${owner.prefix}-${rule.name}`;
      const isForeign = rule.name === 'default-namespace';
      const reach = isForeign ? inDefault(owner.instance) : this.ownNamespaces();
      if (engines.includes('kubernetes')) renderAdmissionPolicy(this, name, rule, this.policies, reach);
      if (engines.includes('kyverno') && isForeign) renderKyvernoClusterPolicy(this, name, rule, this.policies, reach);
    }
    this.node.addValidation({
      validate: () =>
        problemsWith(
          this,
          this.policies,
          this.apiObjects().map((one) => one.toJson()),
        ),
    });
  }

  /**
   * What is made for each namespace: the account that nobody uses gets no token, and the policies of Kyverno that live there.
   * `scope` is inside that namespace.
   */
  public guard(scope: Construct): void {
    if (this.policies.rules.includes('service-accounts')) {
      const metadata = { name: 'default' };
      new KubeServiceAccount(scope, 'default-account', { metadata, automountServiceAccountToken: false });
    }
    if (!this.policies.engines.includes('kyverno')) return;
    const inside = new Construct(scope, 'kyverno');
    for (const rule of this.rules) {
      if (rule.name !== 'default-namespace') renderKyvernoPolicy(inside, rule, this.policies);
    }
    if (this.policies.signedImages) renderSignedImages(inside, this.policies.signedImages, this.policies);
  }

  /** Asked when everything is declared: a system may own several. */
  private ownNamespaces(): Reach {
    const produce = () =>
      this.apiObjects()
        .filter(({ kind }) => kind === 'Namespace')
        .map(({ name }) => name)
        .sort();
    const key = 'kubernetes.io/metadata.name';
    return { namespaceSelector: { matchExpressions: [{ key, operator: 'In', values: Lazy.any({ produce }) }] } };
  }

  /** Those of the whole system, but for policies. */
  private apiObjects(): ApiObject[] {
    return Chart.of(this)
      .node.findAll()
      .filter((construct): construct is ApiObject => ApiObject.isApiObject(construct))
      .filter(({ apiGroup }) => !/^(admissionregistration\.k8s|policies\.kyverno)\.io$/.test(apiGroup));
  }
}
