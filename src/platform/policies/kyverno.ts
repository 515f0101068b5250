import type { Construct } from 'constructs';

import {
  KyvernoNamespacedImageValidatingPolicy,
  type KyvernoNamespacedImageValidatingPolicyAttestors,
  type KyvernoNamespacedImageValidatingPolicyCtlog,
  KyvernoNamespacedValidatingPolicy,
  KyvernoValidatingPolicy,
} from '../../../imports/kyverno';
import { ACTIONS, type Reach } from './admission';
import type { Rule } from './rules';
import type { ResolvedPolicies, SignedImagesSettings } from './settings';
import { conditionsOf, reasonsOf, validationsOf, variablesOf } from './spec';
import { CHANGED, PODS, type Subject } from './subject';

const failurePolicyOf = ({ withoutKyverno }: ResolvedPolicies): 'Fail' | 'Ignore' =>
  withoutKyverno === 'admit' ? 'Ignore' : 'Fail';

const specOf = (rule: Rule, policies: ResolvedPolicies, reach?: Reach) => ({
  failurePolicy: failurePolicyOf(policies),
  validationActions: ACTIONS[policies.action],
  matchConstraints: { ...reach, resourceRules: [...rule.about] },
  matchConditions: conditionsOf(rule, policies),
  variables: variablesOf(rule),
  validations: validationsOf(rule),
});

/** A rule as Kyverno enforces it in the namespace of `scope`. */
export const renderKyvernoPolicy = (scope: Construct, rule: Rule, policies: ResolvedPolicies) =>
  new KyvernoNamespacedValidatingPolicy(scope, `${rule.name}-kyverno`, {
    metadata: { name: rule.name, annotations: reasonsOf(rule, policies) },
    spec: specOf(rule, policies),
  });

/** A rule as Kyverno enforces it in a namespace that is not ours. */
export const renderKyvernoClusterPolicy = (
  scope: Construct,
  name: string,
  rule: Rule,
  policies: ResolvedPolicies,
  reach: Reach,
) =>
  new KyvernoValidatingPolicy(scope, `${rule.name}-kyverno`, {
    metadata: { name, annotations: reasonsOf(rule, policies) },
    spec: specOf(rule, policies, reach),
  });

const isOfPods = ({ resources }: Subject) => resources.some((resource) => resource.startsWith('pods'));

/** Kyverno knows where these have their images, and where Rollouts have theirs it does not. */
const isKnown = ({ apiGroups }: Subject) => !apiGroups.includes('argoproj.io');

/**
 * Signatures, asked of workloads and of pods. In pods a tag is then replaced by the digest that was signed, so that nothing
 * else is pulled; in workloads it stays, for GitOps would see a difference for ever.
 */
export function renderSignedImages(
  scope: Construct,
  signed: Required<SignedImagesSettings>,
  policies: ResolvedPolicies,
) {
  const attestors = attestorsOf(signed);
  const by = attestors.map(({ name }) => `attestors.${name}`).join(', ');
  const message = `images must be signed by one of ${attestors.length} known signers (policies.signedImages)`;
  const render = (name: string, subjects: readonly Subject[], mutateDigest: boolean) =>
    new KyvernoNamespacedImageValidatingPolicy(scope, name, {
      metadata: { name },
      spec: {
        failurePolicy: failurePolicyOf(policies),
        validationActions: ACTIONS[policies.action],
        matchConstraints: { resourceRules: [...subjects] },
        matchConditions: [{ name: 'changed', expression: CHANGED }],
        matchImageReferences: signed.images.map((glob) => ({ glob })),
        validationConfigurations: { mutateDigest, required: true, verifyDigest: false },
        attestors,
        validations: ['containers', 'initContainers', 'ephemeralContainers'].map((kind) => ({
          expression: `images.${kind}.map(i, verifyImageSignatures(i, [${by}])).all(n, n > 0)`,
          message,
        })),
      },
    });
  render('signed-images', PODS.filter(isOfPods), true);
  render(
    'signed-images-workloads',
    PODS.filter((one) => !isOfPods(one) && isKnown(one)),
    false,
  );
}

/** Each key is a signer; identities are one together, of which any will do. */
function attestorsOf(signed: Required<SignedImagesSettings>): KyvernoNamespacedImageValidatingPolicyAttestors[] {
  const unlogged: { ctlog?: KyvernoNamespacedImageValidatingPolicyCtlog } = signed.transparencyLog
    ? {}
    : { ctlog: { insecureIgnoreTlog: true, insecureIgnoreSCT: true } };
  const keys = signed.publicKeys.map((data, index) => ({
    name: `key${index + 1}`,
    cosign: { key: { data: `${data.trim()}\n` }, ...unlogged },
  }));
  if (signed.identities.length === 0) return keys;
  const identities = signed.identities.map(({ issuer, subject }) =>
    subject.includes('*') ? { issuer, subjectRegExp: regularExpression(subject) } : { issuer, subject },
  );
  return [...keys, { name: 'identities', cosign: { keyless: { identities } } }];
}

const regularExpression = (pattern: string): string =>
  `^${pattern
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*')}$`;
