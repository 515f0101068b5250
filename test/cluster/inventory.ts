import type { Api, KubeObject } from './api';

/** Everything in these namespaces, of every kind that the server has: `namespace Kind name`. */
export async function inventory(api: Api, namespaces: readonly string[]): Promise<string[]> {
  const kinds = await listedKinds(api);
  const lists = kinds.flatMap(({ path, resource, kind }) =>
    namespaces.map(async (namespace) => {
      const items = await api.list(`${path}/namespaces/${namespace}/${resource}`);
      return items.map(({ metadata }) => `${namespace} ${kind} ${metadata.name}`);
    }),
  );
  return [...new Set((await Promise.all(lists)).flat())].sort();
}

async function listedKinds(api: Api): Promise<{ path: string; resource: string; kind: string }[]> {
  const { groups } = await api.get('/apis');
  const paths = [
    '/api/v1',
    ...groups.map(({ preferredVersion }: KubeObject) => `/apis/${preferredVersion.groupVersion}`),
  ];
  const found = paths.map(async (path) => {
    const { resources } = await api.get(path);
    return resources
      .filter(({ namespaced, verbs }: KubeObject) => namespaced && verbs.includes('list') && verbs.includes('delete'))
      .map(({ name, kind }: KubeObject) => ({ path, resource: name, kind }));
  });
  return (await Promise.all(found)).flat();
}

/** What controllers were refused: the events that say so. */
export async function refusals(api: Api, namespaces: readonly string[]): Promise<string[]> {
  const lists = namespaces.map(async (one) => api.list(`/api/v1/namespaces/${one}/events`));
  return (await Promise.all(lists))
    .flat()
    .filter(({ reason }) => reason === 'FailedCreate')
    .map(({ involvedObject, message }) => `${involvedObject.kind} ${involvedObject.name}: ${message}`);
}
