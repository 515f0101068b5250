/** The template of the pods that an object makes, at one time or another; undefined where it makes none. */
export const podTemplateOf = ({ kind, spec }: any): any =>
  kind === 'CronJob' ? spec.jobTemplate.spec.template : spec?.template;

/** The autoscaler of a workload; undefined where it has none. */
export const autoscalerOf = (workload: any, objects: readonly any[]): any =>
  objects.find(
    ({ kind, spec, metadata }) =>
      kind === 'HorizontalPodAutoscaler' &&
      metadata.namespace === workload.metadata.namespace &&
      spec.scaleTargetRef.kind === workload.kind &&
      spec.scaleTargetRef.name === workload.metadata.name,
  );

/**
 * What of CPU and memory Dapr's injector adds to a pod when it is made: manifests hold only the annotations that tell how
 * much. Undefined where it adds nothing.
 */
export function injectedResources({ metadata: { annotations = {} } = {} as any }: any): any {
  if (annotations['dapr.io/enabled'] !== 'true') return undefined;
  const amounts = (kind: string) => ({
    cpu: annotations[`dapr.io/sidecar-cpu-${kind}`],
    memory: annotations[`dapr.io/sidecar-memory-${kind}`],
  });
  return { requests: amounts('request'), limits: amounts('limit') };
}
