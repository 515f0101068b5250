/** What names an image: text is empty where it is not given. */
export interface ImageName {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

/** `repository:tag@digest`, less what is not given. */
export function imageReference({ repository, tag, digest }: ImageName): string {
  return `${repository}${tag && `:${tag}`}${digest && `@${digest}`}`;
}

/** The reference with a registry before it, unless it names a host itself: what Docker takes for one. */
export function mirrored(reference: string, registry: string | undefined): string {
  const hasHost = /^(localhost|[^/]*[.:][^/]*)\//.test(reference);
  return registry === undefined || hasHost ? reference : `${registry}/${reference}`;
}

/** The version on a label: the tag as far as a label can hold it, or the beginning of the digest. */
export function versionOf({ tag, digest }: Pick<ImageName, 'tag' | 'digest'>): string {
  return (tag || digest.replace(':', '-')).slice(0, 63).replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '') || 'unversioned';
}
