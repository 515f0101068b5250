import type { Construct } from 'constructs';

import { podTemplateOf } from '../pod-template';
import { ValidationError, validationMessage } from '../validation-error';
import type { PoliciesSettings, ResolvedPolicies } from './settings';

/** Refuses settings that contradict one another. */
export function checkPolicies(scope: Construct, settings: PoliciesSettings): void {
  const { engines = ['kubernetes'], signedImages, rules, allowedRegistries, clusterImages } = settings;
  const refuse = (field: string, problem: string) => {
    throw new ValidationError(scope, `policies.${field}`, problem);
  };
  const byKyverno = engines.includes('kyverno');
  if (signedImages && !byKyverno) {
    const found = `expected kyverno among policies.engines, got ${engines.join(', ')}`;
    refuse('signedImages', `${found}: the API server itself cannot check signatures; add kyverno, or remove it`);
  }
  if (settings.withoutKyverno && !byKyverno) {
    refuse('withoutKyverno', 'is set, and policies.engines has no kyverno; add it, or remove this');
  }
  if (signedImages && !signedImages.publicKeys?.length && !signedImages.identities?.length) {
    refuse('signedImages', 'expected publicKeys or identities, got neither; say who signs');
  }
  if (signedImages?.transparencyLog === false && signedImages.identities?.length) {
    const found = 'is false, and the certificates of signedImages.identities are found by the log only';
    refuse('signedImages.transparencyLog', `${found}; remove it, or the identities`);
  }
  if (rules?.includes('image-registries') && !allowedRegistries) {
    refuse('rules', 'has image-registries, and no policies.allowedRegistries are told; tell them, or remove it');
  }
  if (clusterImages && !allowedRegistries) {
    refuse('clusterImages', 'is set, and no policies.allowedRegistries are told; tell them, or remove it');
  }
}

/** What the cluster would refuse of the system's own objects, as far as settings can make it so. */
export function problemsWith(scope: Construct, policies: ResolvedPolicies, objects: readonly any[]): string[] {
  const say = (field: string, problem: string) => validationMessage(scope, `policies.${field}`, problem);
  const workloads = objects.filter((object) => podTemplateOf(object)?.spec?.containers);
  const names = new Set(workloads.map(({ metadata }) => metadata.labels?.[NAME]));
  const isAsked = (object: any, rule: string) =>
    policies.rules.some((one) => one === rule) &&
    !policies.exceptions.some(
      ({ workload, rules }) => workload === object.metadata.labels?.[NAME] && rules.some((one) => one === rule),
    );
  const unknown = policies.exceptions
    .map(({ workload }) => workload)
    .filter((workload) => !names.has(workload))
    .map((workload) => {
      const known = [...names].sort().join(', ');
      return say('exceptions', `expected a workload of the system, got ${workload}; take one of ${known}`);
    });
  const images = workloads
    .filter((object) => isAsked(object, 'image-registries'))
    .flatMap((object) => imagesOf(object))
    .filter((image) => !policies.registries.some((registry) => isFrom(image, registry)));
  const foreign = [...new Set(images)].sort().map((image) => {
    return say('allowedRegistries', `expected one that ${image} comes from; add it, or take the image from another`);
  });
  return [
    ...unknown,
    ...foreign,
    ...missingLabels(
      policies,
      objects.filter((object) => isAsked(object, LABELS)),
      say,
    ),
  ];
}

const NAME = 'app.kubernetes.io/name';
const LABELS = 'required-labels';

function missingLabels(
  { requiredLabels }: ResolvedPolicies,
  objects: readonly any[],
  say: (field: string, problem: string) => string,
): string[] {
  const labelled = objects.filter(
    (object) => podTemplateOf(object)?.spec?.containers || LABELLED.includes(object.kind),
  );
  const isMissing = (label: string, object: any) =>
    [object, podTemplateOf(object)].some((one) => one !== undefined && !one.metadata?.labels?.[label]);
  return requiredLabels
    .map((label) => [label, labelled.find((object) => isMissing(label, object))] as const)
    .filter(([, object]) => object !== undefined)
    .map(([label, { kind, metadata }]) => {
      const found = `expected labels that all have, and ${kind} ${metadata.name} has no ${label}`;
      return say('requiredLabels', `${found}; give it one under costLabels, or remove it here`);
    });
}

const LABELLED = ['Ingress', 'Service'];

const imagesOf = (object: any): string[] => {
  const { containers, initContainers = [] } = podTemplateOf(object).spec;
  return [...initContainers, ...containers].map(({ image }) => fullImage(image));
};

/** Where a container runtime looks for an image. */
const fullImage = (image: string): string => {
  if (/^([^/]*[.:][^/]*|localhost)\//.test(image)) return image;
  return image.includes('/') ? `docker.io/${image}` : `docker.io/library/${image}`;
};

const isFrom = (image: string, registry: string): boolean =>
  (registry.includes('/') ? ['/', ':', '@'] : ['/']).some((end) => image.startsWith(`${registry}${end}`));
