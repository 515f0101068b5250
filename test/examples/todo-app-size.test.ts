import { readFileSync } from 'node:fs';

import { peakDemand, steadyDemand } from '../../src/platform/demand';
import { formatBytes, formatCpu, parseBytes, parseCpu } from '../../src/platform/quantity';
import { objectsOf } from '../support/dist';

/**
 * What a Minikube asks for beside the application. Requests of kubeadm's components are those of its own sources
 * (cmd/kubeadm/app/phases/{controlplane,etcd,addons/dns} of Kubernetes 1.35), the others those of the manifests that
 * Minikube's addon and Calico bring.
 */
const SYSTEM: Readonly<Record<string, readonly [cpu: string, memory: string]>> = {
  'kube-apiserver': ['250m', '0'],
  'kube-controller-manager': ['200m', '0'],
  'kube-scheduler': ['100m', '0'],
  etcd: ['100m', '100Mi'],
  coredns: ['100m', '70Mi'],
  'calico-node': ['250m', '0'],
  'ingress-nginx-controller': ['100m', '90Mi'],
};

/** What Minikube's own documentation has as the least for itself: what its parts use, and not only what they ask for. */
const USED = { cpu: parseCpu('2'), memory: parseBytes('2Gi') };
const MACHINE = { cpu: parseCpu('4'), memory: parseBytes('8Gi') };

const objects = objectsOf('todo-app/dev');
const steady = steadyDemand(objects);
const peak = peakDemand(objects);
const sum = (index: 0 | 1, parse: (text: string) => number) =>
  Object.values(SYSTEM).reduce((total, amounts) => total + parse(amounts[index]), 0);
const system = { cpu: sum(0, parseCpu), memory: sum(1, parseBytes) };

test('dev is the two pods of each part that seed 002 asks for', () => {
  expect(steady.pods).toBe(4);
});

test('what dev and the system ask for fits 4 CPUs and 8 GiB, in the middle of a rollout too', () => {
  expect(peak.cpuRequests).toBeGreaterThan(steady.cpuRequests);
  expect(system.cpu + peak.cpuRequests).toBeLessThan(MACHINE.cpu);
  expect(system.memory + peak.memoryRequests).toBeLessThan(MACHINE.memory);
});

test('it fits although the system uses more than it asks for, and every pod all the memory that it may', () => {
  expect(USED.cpu + peak.cpuRequests).toBeLessThan(MACHINE.cpu);
  expect(USED.memory + peak.memoryLimits).toBeLessThan(MACHINE.memory);
});

test('the figures of the guide are these', () => {
  const guide = readFileSync('docs/guides/minikube.md', 'utf8');
  const rows = guide.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  const row = (name: string) => rows.find((cells) => cells[1] === name)?.slice(2, 5);
  const figures = (cpu: number, memory: number, limit: string) => [formatCpu(cpu), formatBytes(memory), limit];
  expect(row('dev, nothing happening')).toEqual(
    figures(steady.cpuRequests, steady.memoryRequests, formatBytes(steady.memoryLimits)),
  );
  expect(row('dev, in a rollout')).toEqual(
    figures(peak.cpuRequests, peak.memoryRequests, formatBytes(peak.memoryLimits)),
  );
  expect(row('Kubernetes, Calico, ingress')).toEqual(figures(system.cpu, system.memory, ''));
  const all = [system.cpu + peak.cpuRequests, system.memory + peak.memoryRequests] as const;
  expect(row('together, at most')).toEqual(figures(...all, formatBytes(USED.memory + peak.memoryLimits)));
});
