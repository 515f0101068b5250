import { type Check, condition, each, failed, ok } from '../finding';
import { ofKind, unique, type Wanted } from '../wanted';

const SERVICES = { group: 'apiregistration.k8s.io', version: 'v1', resource: 'apiservices' };

/** The API that serves a type of metric, and how to get it. */
const APIS: Readonly<Record<string, readonly [name: string, how: string]>> = {
  Resource: [
    'v1beta1.metrics.k8s.io',
    'the metrics server (Helm chart "metrics-server" of Kubernetes SIG Instrumentation)',
  ],
  ContainerResource: [
    'v1beta1.metrics.k8s.io',
    'the metrics server (Helm chart "metrics-server" of Kubernetes SIG Instrumentation)',
  ],
  Pods: [
    'v1beta1.custom.metrics.k8s.io',
    'a metrics adapter (Helm chart "prometheus-adapter" of prometheus-community)',
  ],
  Object: [
    'v1beta1.custom.metrics.k8s.io',
    'a metrics adapter (Helm chart "prometheus-adapter" of prometheus-community)',
  ],
  External: ['v1beta1.external.metrics.k8s.io', 'a metrics adapter or KEDA (Helm charts "prometheus-adapter", "keda")'],
};

/** An autoscaler without metrics never scales. */
const metrics: Check = {
  id: 'metrics.api',
  about: 'metrics for autoscalers',
  run: (wanted, cluster) =>
    each(
      typesOf(wanted),
      ([name]) => `APIService ${name}`,
      async ([name, how]) => {
        const title = `APIService ${name}`;
        const found = await cluster.get(SERVICES, name);
        if (!found) return failed(title, 'is not there; autoscalers would not scale', `install ${how}`);
        const available = condition(found, 'Available');
        if (available.status === 'True') return ok(title, 'is available');
        return failed(title, `is not available: ${available.message}`, `see whether what serves it runs: ${how}`);
      },
    ),
};

const typesOf = (wanted: Wanted) =>
  unique(
    ofKind(wanted, 'HorizontalPodAutoscaler')
      .flatMap(({ spec }) => spec.metrics ?? [])
      .flatMap(({ type }: any) => APIS[type]?.[0] ?? []),
  ).map((name) => Object.values(APIS).find(([other]) => other === name)!);

/** What autoscalers measure by. */
export const METRICS: readonly Check[] = [metrics];
