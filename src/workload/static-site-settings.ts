import type { Seconds } from '../platform/names';
import type { WebServiceSettings } from './web-service';

/** How long browsers and proxies keep what they got. */
export interface SiteCacheSettings {
  /**
   * Files under `assets`. Their content never changes under one name, so nobody asks again.
   * @default 31536000
   */
  readonly assetsSeconds?: Seconds;

  /**
   * Everything else. With 0 it is kept, but asked for each time whether it is still the same.
   * @default 0
   */
  readonly pagesSeconds?: Seconds;
}

/** Compression of answers, for clients that can read it. A file with `.gz` beside it is sent as that, whatever its size. */
export interface CompressionSettings {
  /**
   * Whether answers are compressed.
   * @default true
   */
  readonly enabled?: boolean;

  /**
   * Effort, from quick to small.
   * @asType integer
   * @minimum 1
   * @maximum 9
   * @default 5
   */
  readonly level?: number;

  /**
   * Bytes from which on an answer is worth it.
   * @asType integer
   * @minimum 1
   * @exclusiveMaximum 1048577
   * @default 1024
   */
  readonly minBytes?: number;

  /**
   * Media types that are compressed, beside `text/html`. Images and fonts are compressed already.
   * @default ["application/javascript", "application/json", "application/manifest+json", "application/wasm", "application/xml", "image/svg+xml", "text/css", "text/javascript", "text/plain", "text/xml"]
   */
  readonly types?: MediaType[];
}

/**
 * A media type.
 * @pattern ^[a-z]+/[a-z0-9][-a-z0-9.+]*$
 * @title a media type such as text/css
 */
export type MediaType = string;

/**
 * A folder of a site, as requests name it.
 * @pattern ^(/[A-Za-z0-9_-][-A-Za-z0-9._]*)+/$
 * @title a path that begins and ends with a slash, such as /assets/
 */
export type SiteFolder = string;

/**
 * Files that nginx serves: the built frontend of an application, in an image made from `nginx-unprivileged`. `port` must be
 * above 1023; `servicePort` may be 80.
 */
export interface StaticSiteSettings extends WebServiceSettings {
  /**
   * Folder of the image with the files, `index.html` among them.
   * @pattern ^(/[A-Za-z0-9_-][-A-Za-z0-9._]*)+$
   * @title an absolute path such as /usr/share/nginx/html
   * @default /usr/share/nginx/html
   */
  readonly root?: string;

  /**
   * Folders whose files have a hash of their content in their names, as the bundlers of React make them.
   * @default ["/assets/", "/static/"]
   */
  readonly assets?: SiteFolder[];

  /**
   * Whether a path that no file has gives `index.html`, as an application wants it that shows its pages itself. What is
   * missing under `assets` is never replaced.
   * @default true
   */
  readonly fallback?: boolean;

  /**
   * How long browsers and proxies keep what they got.
   * @default - assets for a year, pages only to ask whether they are still the same
   */
  readonly cache?: SiteCacheSettings;

  /**
   * Compression of answers.
   * @default - text from 1024 bytes on
   */
  readonly compression?: CompressionSettings;
}

/** A site with nothing left open but what it has in common with other web services. */
export interface ResolvedStaticSite {
  readonly root: string;
  readonly assets: string[];
  readonly fallback: boolean;
  readonly cache: Required<SiteCacheSettings>;
  readonly compression: Required<CompressionSettings>;
}

const COMPRESSED = [
  'application/javascript',
  'application/json',
  'application/manifest+json',
  'application/wasm',
  'application/xml',
  'image/svg+xml',
  'text/css',
  'text/javascript',
  'text/plain',
  'text/xml',
];

const YEAR = 365 * 24 * 3600;

/** Fills in defaults. */
export function resolveStaticSite(settings: StaticSiteSettings): ResolvedStaticSite {
  return {
    root: settings.root ?? '/usr/share/nginx/html',
    assets: settings.assets ?? ['/assets/', '/static/'],
    fallback: settings.fallback ?? true,
    cache: {
      assetsSeconds: settings.cache?.assetsSeconds ?? YEAR,
      pagesSeconds: settings.cache?.pagesSeconds ?? 0,
    },
    compression: {
      enabled: settings.compression?.enabled ?? true,
      level: settings.compression?.level ?? 5,
      minBytes: settings.compression?.minBytes ?? 1024,
      types: settings.compression?.types ?? COMPRESSED,
    },
  };
}
