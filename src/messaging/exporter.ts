import type { Construct } from 'constructs';

import { type EnvVar, KubeDeployment } from '../../imports/k8s';
import type { Endpoint, ListeningPort } from '../network/connectable';
import { Connections } from '../network/connections';
import type { SecretFile } from '../platform/secret-file';
import { renderDisruptionBudget } from '../workload/disruption';
import { renderExporter, type ResolvedExporter } from '../workload/exporter';
import { profileOf } from '../workload/image';
import { renderPod } from '../workload/pod';
import { Workload } from '../workload/workload';
import { versionOf } from '../platform/image-reference';

/** What an exporter that runs by itself needs. */
export interface ClusterExporterProps {
  readonly exporter: ResolvedExporter;
  /** The cluster whose figures it asks for. */
  readonly target: Endpoint;
  readonly port: number;
  readonly args: string[];
  readonly env?: EnvVar[];
  /** Keys of Secrets that it reads as files. */
  readonly files?: readonly SecretFile[];
}

/** One exporter for a whole cluster of servers: it asks them over the network, so that it is no sidecar of any. */
export class ClusterExporter extends Workload {
  public constructor(scope: Construct, id: string, { exporter, target, port, args, env, files }: ClusterExporterProps) {
    super(scope, id, { component: 'exporter', version: versionOf(exporter.image) });
    Connections.of(this).allow(this.peer, target);
    const metrics: ListeningPort = { name: 'metrics', port };
    const { template, annotations } = renderPod(
      {
        workload: this,
        annotations: this.scrapedBy(metrics, '/metrics'),
        profile: profileOf(this, 'image', exporter.image),
        containers: [renderExporter(this, exporter, port, { args, env }, files)],
        graceSeconds: 10,
      },
      {},
    );
    new KubeDeployment(this, 'deployment', {
      metadata: { name: id, annotations },
      spec: {
        replicas: 1,
        revisionHistoryLimit: 5,
        selector: { matchLabels: this.podLabels },
        // Two at a time would count everything twice.
        strategy: { type: 'Recreate' },
        template,
      },
    });
    renderDisruptionBudget(this, id, this.podLabels, { maxUnavailable: 1 });
  }
}
