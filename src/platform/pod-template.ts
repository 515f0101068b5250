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

/** The template of a workload's pods when they request the most that a vertical autoscaler may have them request. */
export function largestTemplate(workload: any, objects: readonly any[]): any {
  const { template } = workload.spec;
  const policies = objects
    .filter(
      ({ kind, spec, metadata }) =>
        kind === 'VerticalPodAutoscaler' &&
        spec.updatePolicy?.updateMode !== 'Off' &&
        metadata.namespace === workload.metadata.namespace &&
        spec.targetRef.kind === workload.kind &&
        spec.targetRef.name === workload.metadata.name,
    )
    .flatMap(({ spec }) => spec.resourcePolicy.containerPolicies);
  if (policies.length === 0) return template;
  const containers = template.spec.containers.map((container: any) => {
    const { maxAllowed } = policies.find(({ containerName }: any) => containerName === container.name) ?? {};
    const { resources } = container;
    return { ...container, resources: { ...resources, requests: { ...resources?.requests, ...maxAllowed } } };
  });
  return { ...template, spec: { ...template.spec, containers } };
}

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
