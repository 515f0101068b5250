import type { ClusterReader, Resource } from '../../cluster/reader';
import { type Check, failed, type Finding, guarded, ok, warning } from '../finding';
import { namespaceLabels, ofKind, podMakers, selects, type Wanted } from '../wanted';

const WEBHOOKS: Resource = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  resource: 'mutatingwebhookconfigurations',
};
const WEBHOOK = 'sidecar-injector.dapr.io';
const DROP_ALL = 'SIDECAR_DROP_ALL_CAPABILITIES';
const CHART = 'Helm chart "dapr" of the Dapr project';
const SYSTEM_CONFIGURATION = 'daprsystem';
const OPERATOR = 'dapr-operator';
const RECONCILES_ROLLOUTS = /^--?enable-argo-rollout-service-reconciler(=true)?$/;

const injector: Check = {
  id: 'dapr.injector',
  about: 'sidecar injector of Dapr',
  run: async (wanted, cluster) => {
    const pods = podMakers(wanted).filter(({ template }) => usesDapr(template));
    if (pods.length === 0) return [];
    const webhook = await webhookIn(cluster);
    if (!webhook) {
      const found = `its webhook is not there; ${pods.map(({ name }) => name).join(', ')} would start without a sidecar`;
      const values =
        'dapr_sidecar_injector.sidecarDropALLCapabilities=true and dapr_sidecar_injector.webhookFailurePolicy=Fail';
      return [failed('webhook', found, `install Dapr 1.14 or newer (${CHART}) with ${values}`)];
    }
    const { namespace, name } = webhook.clientConfig?.service ?? {};
    const parts = [
      ...judgeWebhook(wanted, webhook, pods),
      ...(await guarded('injector', () => judgeInjector(namespace, name, cluster))),
      ...judgePlace(wanted, namespace),
      ...(await guarded('mTLS', () => judgeMtls(wanted, namespace, cluster))),
    ];
    return parts;
  },
};

async function webhookIn(cluster: ClusterReader): Promise<any> {
  const configurations = (await cluster.list(WEBHOOKS)) ?? [];
  return configurations.flatMap(({ webhooks }) => webhooks ?? []).find(({ name }: any) => name === WEBHOOK);
}

const usesDapr = ({ metadata }: any) => metadata?.annotations?.['dapr.io/enabled'] === 'true';

function judgeWebhook(wanted: Wanted, webhook: any, pods: readonly any[]): Finding[] {
  const missed = pods.filter(
    ({ namespace, template }) =>
      !selects(webhook.namespaceSelector, namespaceLabels(wanted, namespace)) ||
      !selects(webhook.objectSelector, template.metadata.labels),
  );
  const findings: Finding[] = [];
  if (missed.length > 0) {
    const names = missed.map(({ name }) => name).join(', ');
    const fix = `widen dapr_sidecar_injector.namespaceSelector and objectSelector (${CHART}), or label the namespace`;
    findings.push(failed('webhook', `its selectors leave out ${names}`, fix));
  }
  if (webhook.failurePolicy !== 'Fail') {
    const found = `its failure policy is ${webhook.failurePolicy}: while the injector is away, pods start without a sidecar`;
    findings.push(failed('webhook', found, `set dapr_sidecar_injector.webhookFailurePolicy=Fail (${CHART})`));
  }
  return findings.length > 0 ? findings : [ok('webhook', 'is there, failure policy Fail')];
}

async function judgeInjector(namespace: string, name: string, cluster: ClusterReader): Promise<Finding[]> {
  const place = `Deployment ${namespace}/${name}`;
  const found = await cluster.get({ group: 'apps', version: 'v1', resource: 'deployments', namespace }, name);
  if (!found) return [failed('injector', `${place} is not there`, `install Dapr anew (${CHART})`)];
  const findings: Finding[] = [];
  if (!((found.status?.readyReplicas ?? 0) > 0)) {
    findings.push(
      failed('injector', `no pod of ${place} is ready`, `kubectl -n ${namespace} describe deployment ${name}`),
    );
  }
  const variables: any[] = found.spec.template.spec.containers.flatMap(({ env = [] }: any) => env);
  if (variables.find((one) => one.name === DROP_ALL)?.value !== 'true') {
    const what = 'sidecars keep capabilities: Pod Security "restricted" refuses every pod that has one';
    findings.push(failed('injector', what, `set dapr_sidecar_injector.sidecarDropALLCapabilities=true (${CHART})`));
  }
  return findings.length > 0 ? findings : [ok('injector', 'is ready, and its sidecars drop all capabilities')];
}

/** Where our policies let sidecars reach the control plane, and where it is. */
function judgePlace(wanted: Wanted, namespace: string): Finding[] {
  const addresses = ofKind(wanted, 'Configuration').flatMap(({ spec }) => spec.mtls?.sentryAddress ?? []);
  const expected = addresses.map((address: string) => address.split('.')[1]).find(Boolean);
  if (expected === undefined || expected === namespace) return [ok('control plane', `is in namespace "${namespace}"`)];
  const found = `is in namespace "${namespace}"; our policies and configurations say "${expected}"`;
  return [failed('control plane', found, `set dapr.controlPlane.namespace: ${namespace} in the settings`)];
}

/** Whether sidecars use certificates is decided in the control plane's own configuration and not in ours. */
async function judgeMtls(wanted: Wanted, namespace: string, cluster: ClusterReader): Promise<Finding[]> {
  const ours = ofKind(wanted, 'Configuration').find(({ spec }) => spec.mtls?.enabled);
  if (!ours) return [];
  const place = { group: 'dapr.io', version: 'v1alpha1', resource: 'configurations', namespace };
  const mtls = (await cluster.get(place, SYSTEM_CONFIGURATION))?.spec?.mtls;
  const title = `Configuration ${namespace}/${SYSTEM_CONFIGURATION}`;
  if (!mtls)
    return [warning('mTLS', `${title} does not tell whether it is on`, `set global.mtls.enabled=true (${CHART})`)];
  if (!mtls.enabled) {
    return [
      failed('mTLS', `${title} has it off: sidecars talk in the clear`, `set global.mtls.enabled=true (${CHART})`),
    ];
  }
  const [theirs, wants] = [mtls.controlPlaneTrustDomain, ours.spec.mtls.controlPlaneTrustDomain];
  if (theirs !== undefined && theirs !== wants) {
    const found = `trust domain of the control plane is "${theirs}"; ours say "${wants}"`;
    return [failed('mTLS', found, `set dapr.controlPlane.trustDomain: ${theirs} in the settings`)];
  }
  return [ok('mTLS', 'is on')];
}

/**
 * Sidecars find each other by a Service that Dapr's operator makes for each workload. It does so for Deployments and
 * StatefulSets, and for Rollouts only where it was asked to.
 */
const rollouts: Check = {
  id: 'dapr.rollouts',
  about: 'Services of Dapr for Rollouts',
  run: async (wanted, cluster) => {
    const names = podMakers(wanted)
      .filter(({ object, template }) => object.kind === 'Rollout' && usesDapr(template))
      .map(({ name }) => name);
    // Without a webhook nobody knows where the control plane is, and the check of the injector tells.
    const webhook = names.length > 0 ? await webhookIn(cluster) : undefined;
    if (!webhook) return [];
    const { namespace } = webhook.clientConfig?.service ?? {};
    const place = `Deployment ${namespace}/${OPERATOR}`;
    const found = await cluster.get({ group: 'apps', version: 'v1', resource: 'deployments', namespace }, OPERATOR);
    if (!found) return [failed('operator', `${place} is not there`, `install Dapr anew (${CHART})`)];
    const args: string[] = found.spec.template.spec.containers.flatMap((container: any) => container.args ?? []);
    if (args.some((arg) => RECONCILES_ROLLOUTS.test(arg))) return [ok('operator', 'makes Services for Rollouts')];
    const what = `makes no Service for Rollouts: nobody can invoke ${names.join(', ')}`;
    return [failed('operator', what, `set global.argoRolloutServiceReconciler.enabled=true (${CHART})`)];
  },
};

/** Dapr's control plane. */
export const DAPR: readonly Check[] = [injector, rollouts];
