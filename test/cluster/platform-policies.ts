import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parseAllDocuments } from 'yaml';

import type { KubeObject } from './api';
import type { Cluster } from './control-plane';

interface Policy {
  readonly name: string;
  /** Resources, in the plural. */
  readonly about: readonly string[];
  /** CEL. `pod.all(c, …)` asks something of all containers of a pod, init containers included. */
  readonly expression: string;
  readonly message: string;
}

export const POLICIES: readonly Policy[] = parseAllDocuments(
  readFileSync(join(__dirname, 'platform-policies.yaml'), 'utf8'),
).map((document) => document.toJS());

const API = 'admissionregistration.k8s.io/v1';
const GROUPS = ['', 'apps', 'batch', 'networking.k8s.io', 'policy'];

const CONTAINERS = 'object.spec.containers + (has(object.spec.initContainers) ? object.spec.initContainers : [])';

const policyOf = ({ name, about, expression, message }: Policy): KubeObject => ({
  apiVersion: API,
  kind: 'ValidatingAdmissionPolicy',
  metadata: { name },
  spec: {
    failurePolicy: 'Fail',
    matchConstraints: {
      resourceRules: [{ apiGroups: GROUPS, apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: about }],
    },
    variables: about.includes('pods') && about.length === 1 ? [{ name: 'containers', expression: CONTAINERS }] : [],
    validations: [{ expression: expression.replaceAll('pod.all(', 'variables.containers.all('), message }],
  },
});

const bindingOf = ({ name }: Policy): KubeObject => ({
  apiVersion: API,
  kind: 'ValidatingAdmissionPolicyBinding',
  metadata: { name },
  spec: {
    policyName: name,
    validationActions: ['Deny'],
    matchResources: { namespaceSelector: { matchExpressions: [{ key: 'environment', operator: 'Exists' }] } },
  },
});

/** Policies of the cluster, as platform teams have them. They are in force a moment later. */
export function addPolicies(cluster: Cluster): void {
  const items = POLICIES.flatMap((policy) => [policyOf(policy), bindingOf(policy)]);
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  const { stderr } = cluster.kubectlSaying(['apply', '--server-side', '--validate=strict', '-f', '-'], { input });
  if (stderr !== '') throw new Error(stderr);
}

/** A pod, or a Service, that a policy is about and must refuse; by the name of the policy. */
export const MUTATIONS: Record<string, (object: KubeObject) => void> = {
  'tagged-images': ({ spec }) => (spec.containers[0].image = 'shop:latest'),
  'bounded-containers': ({ spec }) => delete spec.containers[0].resources.limits.memory,
  'no-host-path': ({ spec }) => (spec.volumes = [{ name: 'node', hostPath: { path: '/var' } }]),
  'no-host-namespaces': ({ spec }) => (spec.hostPID = true),
  'probed-containers': ({ spec }) => delete spec.containers[0].livenessProbe,
  'no-node-ports': ({ spec }) => (spec.type = 'NodePort'),
  labelled: ({ metadata }) => delete metadata.labels['app.kubernetes.io/instance'],
  'no-token': ({ spec }) => delete spec.automountServiceAccountToken,
};

const labels = {
  'app.kubernetes.io/name': 'shop',
  'app.kubernetes.io/instance': 'shop-production',
  'app.kubernetes.io/managed-by': 'hand',
};
const probe = { httpGet: { path: '/', port: 8080 } };
const amounts = { cpu: '100m', memory: '64Mi' };

/** An object that no policy refuses, to be mutated: small, since it is not ours that is judged here. */
export const innocent = (policy: Policy): KubeObject =>
  policy.about.includes('pods')
    ? {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'shop', labels: { ...labels } },
        spec: {
          automountServiceAccountToken: false,
          containers: [
            {
              name: 'shop',
              image: 'registry:5000/shop:1',
              resources: { requests: { ...amounts }, limits: { ...amounts } },
              readinessProbe: probe,
              livenessProbe: probe,
            },
          ],
        },
      }
    : {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'shop', labels: { ...labels } },
        spec: { type: 'ClusterIP', ports: [{ port: 80 }] },
      };
