import type { Chart } from 'cdk8s';

import { KubeLimitRange, KubeNetworkPolicy } from '../../imports/k8s';
import { type QuotaProps, renderQuota } from './quota';

/** What bounds everything in the namespace of a chart: default deny, limits and a quota. */
export function renderBounds(chart: Chart, quota: QuotaProps): void {
  renderDefaultDeny(chart);
  renderLimits(chart);
  renderQuota(chart, quota);
}

/** Nothing talks to anything unless a relation says so; names resolve for everybody. */
function renderDefaultDeny(chart: Chart): void {
  new KubeNetworkPolicy(chart, 'default-deny', {
    metadata: { name: 'default-deny' },
    spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
  });
  new KubeNetworkPolicy(chart, 'allow-dns', {
    metadata: { name: 'allow-dns' },
    spec: {
      podSelector: {},
      policyTypes: ['Egress'],
      egress: [
        {
          ports: [
            { port: 53, protocol: 'UDP' },
            { port: 53, protocol: 'TCP' },
          ],
          to: [
            {
              namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
              podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
            },
            // The address on which a node-local DNS cache listens, where a cluster has one.
            { ipBlock: { cidr: '169.254.20.10/32' } },
          ],
        },
      ],
    },
  });
}

/** For containers that others put into our namespace: the quota refuses what has no requests and limits. */
function renderLimits(chart: Chart): void {
  new KubeLimitRange(chart, 'limits', {
    metadata: { name: 'container-defaults' },
    spec: {
      limits: [
        {
          type: 'Container',
          default: { cpu: '500m', memory: '256Mi', 'ephemeral-storage': '256Mi' },
          defaultRequest: { cpu: '50m', memory: '64Mi', 'ephemeral-storage': '64Mi' },
        },
      ],
    },
  });
}
