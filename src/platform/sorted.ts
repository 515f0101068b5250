/** A map in the order of its keys, as cdk8s writes them. */
export const sortedByKey = <T>(map: { readonly [key: string]: T }): { [key: string]: T } =>
  Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
