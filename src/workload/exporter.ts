import type { Construct } from 'constructs';

import type { Container } from '../../imports/k8s';
import type { SecretFile } from '../platform/secret-file';
import { checkTag, type ImageSettings, profileOf, type ResolvedImage, resolveImage } from './image';
import { hardened, type HardenedContainer } from './pod';
import {
  checkResources,
  type ResolvedResources,
  resolveResources,
  type ResourcesSettings,
  resources,
} from './resources';

/** The process that turns a server's figures into metrics for Prometheus. */
export interface ExporterSettings {
  /**
   * Its image.
   * @default - the release that the construct was written for
   */
  readonly image?: ImageSettings;

  /**
   * What it may use.
   * @default - 10m and 32Mi promised, 100m and 64Mi at most
   */
  readonly resources?: ResourcesSettings;
}

/** An exporter with nothing left open. */
export interface ResolvedExporter {
  readonly image: ResolvedImage;
  readonly resources: ResolvedResources;
}

/** Fills in defaults. */
export function resolveExporter(settings: ExporterSettings | undefined, image: ImageSettings): ResolvedExporter {
  return {
    image: resolveImage(settings?.image ?? image),
    resources: resolveResources(settings?.resources, resources(['10m', '32Mi'], ['100m', '64Mi'])),
  };
}

/** The container. It is well while it answers, even when the server beside it does not: that is what it reports. */
export function renderExporter(
  scope: Construct,
  { image, resources: amounts }: ResolvedExporter,
  port: number,
  fields: Pick<Container, 'args' | 'env' | 'volumeMounts'>,
  files?: readonly SecretFile[],
): HardenedContainer {
  const ask = (path: string, periodSeconds: number, failureThreshold: number) => ({
    httpGet: { path, port: 'metrics' },
    periodSeconds,
    timeoutSeconds: 3,
    failureThreshold,
  });
  const profile = profileOf(scope, 'exporter.image', image);
  checkTag(scope, 'exporter.image', image);
  checkResources(scope, 'exporter.resources', amounts);
  return hardened(
    { name: 'exporter', image, profile, resources: amounts, files },
    {
      ...fields,
      ports: [{ name: 'metrics', containerPort: port, protocol: 'TCP' }],
      startupProbe: ask('/', 5, 12),
      readinessProbe: ask('/metrics', 30, 3),
      livenessProbe: ask('/', 20, 3),
    },
  );
}
