import type { KubeObject } from './api';

const templateOf = ({ kind, spec }: KubeObject) =>
  kind === 'CronJob' ? spec.jobTemplate.spec.template : (spec?.template as KubeObject | undefined);

/** One pod as each workload makes them, with its claims. */
export const podsFrom = (objects: readonly KubeObject[]): KubeObject[] =>
  objects
    .filter((object) => templateOf(object)?.spec?.containers)
    .map((object) => {
      const { metadata, spec } = templateOf(object);
      const claims = (object.spec.volumeClaimTemplates ?? []).map(({ metadata: { name } }: KubeObject) => ({
        name,
        persistentVolumeClaim: { claimName: `${name}-${object.metadata.name}-0` },
      }));
      const { name, namespace } = object.metadata;
      return {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { ...metadata, name, namespace },
        spec: { ...spec, volumes: [...(spec.volumes ?? []), ...claims] },
      };
    });

interface Token {
  readonly volume: string;
  /** Who takes it; the API server, if none is named. */
  readonly audience?: string;
}

export const tokensIn = ({ spec }: KubeObject): Token[] =>
  (spec.volumes ?? []).flatMap(({ name, projected }: KubeObject) =>
    (projected?.sources ?? [])
      .filter(({ serviceAccountToken }: KubeObject) => serviceAccountToken)
      .map(({ serviceAccountToken: { audience } }: KubeObject) => ({ volume: name, audience })),
  );

/** Tokens that the API server takes, in an admitted pod: nothing that we make talks to it, unless its template asks for it. */
export function tokenProblems(admitted: KubeObject, template: KubeObject): string[] {
  const asked = new Set(tokensIn(template).map(({ volume }) => volume));
  return tokensIn(admitted)
    .filter(({ volume, audience }) => !audience && !asked.has(volume))
    .map(
      ({ volume }) => `${admitted.metadata.name} gets a token for the API server in volume ${volume.split('-api-')[0]}`,
    );
}
