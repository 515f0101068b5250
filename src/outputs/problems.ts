/** What no single construct can see, looked for in the finished objects of a system. */
export function manifestProblems(manifests: readonly any[]): string[] {
  return [...namesMadeTwice(manifests), ...manifests.flatMap(volumeProblems)];
}

const nameOf = ({ kind, metadata }: any) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;

const repeated = (names: readonly string[]) => [
  ...new Set(names.filter((name, index) => names.indexOf(name) !== index)),
];

const namesMadeTwice = (manifests: readonly any[]) =>
  repeated(manifests.map(nameOf)).map((name) => `${name}: is made twice; give one of them another name`);

/** Scratch volumes are named after the paths that settings give, and may collide or grow too long. */
function volumeProblems(manifest: any): string[] {
  const pod = manifest.spec?.template?.spec;
  if (!pod?.containers) return [];
  const names: string[] = (pod.volumes ?? []).map(({ name }: any) => name);
  const containers: any[] = [...(pod.initContainers ?? []), ...pod.containers];
  const paths = containers.flatMap(({ name, volumeMounts = [] }) =>
    repeated(volumeMounts.map(({ mountPath }: any) => mountPath)).map((path) => `${path} of container ${name}`),
  );
  const todo = 'name other writablePaths';
  return [
    ...repeated(names).map((name) => `${nameOf(manifest)}: two writable paths give the volume "${name}"; ${todo}`),
    ...names
      .filter((name) => name.length > 63)
      .map((name) => `${nameOf(manifest)}: the volume "${name}" has a name of more than 63 characters; ${todo}`),
    ...paths.map((path) => `${nameOf(manifest)}: something is mounted twice at ${path}; ${todo}`),
  ];
}
