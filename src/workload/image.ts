import type { Construct } from 'constructs';

import type { DnsLabel } from '../platform/names';
import { System } from '../platform/system';
import { ValidationError } from '../platform/validation-error';
import {
  type ApplicationProfile,
  applicationProfile,
  type ImageProfile,
  imageProfile,
  knownImages,
  type WritablePath,
} from './image-profiles';
import { imageReference } from '../platform/image-reference';

/** Where an image comes from, and how it runs as a numeric user with a read-only root filesystem. */
export interface ImageSettings {
  /**
   * Repository, with the registry's host where it is not the system's, nor the default of the cluster's nodes.
   * @pattern ^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*(:[0-9]{1,5})?/)?[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$
   * @title an image repository in lower case, without a tag
   */
  readonly repository: string;

  /**
   * Tag of a release.
   * @default - the digest alone names the image
   * @pattern ^[A-Za-z0-9_][-A-Za-z0-9_.]{0,127}$
   * @title an image tag (in quotes, where it looks like a number)
   */
  readonly tag?: string;

  /**
   * Digest; it wins over the tag.
   * @default - the tag alone names the image
   * @pattern ^sha256:[0-9a-f]{64}$
   * @title a digest such as sha256: and 64 hexadecimal digits
   */
  readonly digest?: string;

  /**
   * When a node asks the registry for the image.
   * @default IfNotPresent
   */
  readonly pullPolicy?: 'Always' | 'IfNotPresent' | 'Never';

  /**
   * Names of Secrets with credentials of the registry.
   * @default []
   */
  readonly pullSecrets?: DnsLabel[];

  /**
   * Kind of application in the image, which says as whom it runs and where it writes.
   * @default - known for the images that the constructs bring; else `user`, `group` and `writablePaths` say it
   */
  readonly profile?: ApplicationProfile;

  /**
   * Numeric user the image runs as.
   * @asType integer
   * @minimum 1
   * @maximum 2147483647
   * @default - that of the profile
   */
  readonly user?: number;

  /**
   * Numeric group the image runs as.
   * @asType integer
   * @minimum 1
   * @maximum 2147483647
   * @default - that of the profile
   */
  readonly group?: number;

  /**
   * Folders it writes to; everything else is read-only.
   * @default - those of the profile
   */
  readonly writablePaths?: WritablePath[];
}

/** An image as a container names it. */
export interface ResolvedImage {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  readonly pullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  readonly pullSecrets: string[];
  /** How it runs; undefined where neither the settings nor the table of images know. */
  readonly profile?: ImageProfile;
}

/** Fills in defaults. */
export function resolveImage(image: ImageSettings): ResolvedImage {
  return {
    repository: image.repository,
    tag: image.tag ?? '',
    digest: image.digest ?? '',
    pullPolicy: image.pullPolicy ?? 'IfNotPresent',
    pullSecrets: image.pullSecrets ?? [],
    profile: resolveProfile(image),
  };
}

function resolveProfile({ repository, tag, profile, user, group, writablePaths }: ImageSettings) {
  const known = profile ? applicationProfile(profile) : imageProfile(repository, tag);
  const resolved = { user: user ?? known?.user, group: group ?? known?.group };
  if (resolved.user === undefined || resolved.group === undefined) return undefined;
  return { user: resolved.user, group: resolved.group, writablePaths: writablePaths ?? known?.writablePaths ?? [] };
}

/** How the image runs. Refuses one that nobody knows, for it cannot be made non-root and read-only blindly. */
export function profileOf(scope: Construct, field: string, image: ResolvedImage): ImageProfile {
  if (image.profile) return image.profile;
  throw new ValidationError(
    scope,
    field,
    `as whom "${imageReference(image)}" runs and where it writes is not known (known are ${knownImages()}); ` +
      `give ${field}.profile, or ${field}.user and ${field}.group`,
  );
}

/** Refuses an image whose content may change under its name, unless the system allows that. */
export function checkTag(scope: Construct, field: string, image: ResolvedImage): void {
  if (System.containing(scope).allowLatestImages || image.digest || (image.tag && image.tag !== 'latest')) return;
  throw new ValidationError(
    scope,
    `${field}.tag`,
    `expected a tag other than "latest" or a digest, got "${imageReference(image)}"; ` +
      `name a release, or set allowLatestImages where that is meant`,
  );
}
