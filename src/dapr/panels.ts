import type { Construct } from 'constructs';

import { type ExportedMetric, series } from '../platform/metrics';
import { graph, Panels } from '../platform/panels';

/** Puts a sidecar onto the dashboard of its kind. */
export function addSidecarPanels(scope: Construct, application: string, namespace: string): void {
  const rate = (metric: ExportedMetric, by: string, ...more: string[]) =>
    `sum by (${by}) (rate(${series(metric, `namespace="${namespace}"`, `app_id="${application}"`, ...more)}[5m]))`;
  const received = rate('dapr_component_pubsub_ingress_count', 'topic, process_status');
  const resilience = rate('dapr_resiliency_activations_total', 'policy, flow_direction');
  Panels.of(scope).add('dapr', application, [
    graph('Requests of the application to its sidecar', 'per-second', [
      rate('dapr_http_server_request_count', 'status'),
      '{{status}}',
    ]),
    graph('Calls of others', 'per-second', [
      rate('dapr_runtime_service_invocation_req_sent_total', 'dst_app_id'),
      '{{dst_app_id}}',
    ]),
    graph('Events published', 'per-second', [
      rate('dapr_component_pubsub_egress_count', 'topic, success'),
      '{{topic}} {{success}}',
    ]),
    graph('Events received', 'per-second', [received, '{{topic}} {{process_status}}']),
    graph('State read and written', 'per-second', [
      rate('dapr_component_state_count', 'operation, success'),
      '{{operation}} {{success}}',
    ]),
    graph('Retries, timeouts and open circuits', 'per-second', [resilience, '{{policy}} {{flow_direction}}']),
  ]);
}
