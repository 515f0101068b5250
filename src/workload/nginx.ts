import type { LogLevel } from './application';
import type { ResolvedStaticSite } from './static-site-settings';

/** What nginx is told beside the site's own settings. */
export interface NginxParts {
  readonly site: ResolvedStaticSite;
  readonly port: number;
  /** Processes that answer: nginx would count the processors of the node. */
  readonly workers: number;
  readonly logLevel: LogLevel;
  /** Seconds that requests have to end once it is told to go. */
  readonly graceSeconds: number;
  /** Answers whether it can serve the site. */
  readonly readinessPath: string;
  /** Answer as long as it works at all. */
  readonly livenessPaths: readonly string[];
}

/** The only folder that it writes to. */
export const NGINX_TEMP = '/tmp';

/** Levels of nginx. Its `info` tells of every client that goes away. */
const LEVELS: Record<LogLevel, string> = { debug: 'info', info: 'notice', warn: 'warn', error: 'error' };

/** Media types by the ends of names: a table of our own, as that of the image differs between versions. */
const TYPES: Record<string, string> = {
  'application/javascript': 'js mjs',
  'application/json': 'json map',
  'application/manifest+json': 'webmanifest',
  'application/pdf': 'pdf',
  'application/wasm': 'wasm',
  'application/xml': 'xml',
  'audio/mpeg': 'mp3',
  'font/otf': 'otf',
  'font/ttf': 'ttf',
  'font/woff': 'woff',
  'font/woff2': 'woff2',
  'image/avif': 'avif',
  'image/gif': 'gif',
  'image/jpeg': 'jpeg jpg',
  'image/png': 'png',
  'image/svg+xml': 'svg',
  'image/webp': 'webp',
  'image/x-icon': 'ico',
  'text/css': 'css',
  'text/html': 'html htm',
  'text/plain': 'txt',
  'video/mp4': 'mp4',
  'video/webm': 'webm',
};

/** One line for each request. Whoever reaches the pod is a proxy that the network policy lets in; it tells for whom it asks. */
const LOG = {
  time: '$time_iso8601',
  level: 'info',
  message: '$request_method $asked_path',
  method: '$request_method',
  path: '$asked_path',
  status: '$status',
  bytes: '$body_bytes_sent',
  seconds: '$request_time',
  client: '$remote_addr',
  forwardedFor: '$http_x_forwarded_for',
  requestId: '$http_x_request_id',
  userAgent: '$http_user_agent',
};

/** Values that are numbers in the log. */
const NUMBERS = ['status', 'bytes', 'seconds'];

/** The whole configuration of nginx for a static site. */
export function nginxConfiguration(parts: NginxParts): string {
  const { workers, logLevel, graceSeconds } = parts;
  const grace = graceSeconds > 0 ? [`worker_shutdown_timeout ${graceSeconds}s;`] : [];
  return text([
    'daemon off;',
    `pid ${NGINX_TEMP}/nginx.pid;`,
    `worker_processes ${workers};`,
    ...grace,
    `error_log stderr ${LEVELS[logLevel]};`,
    '',
    ...block('events', ['worker_connections 1024;']),
    '',
    ...block('http', http(parts)),
  ]);
}

function http(parts: NginxParts): string[] {
  const { cache, compression } = parts.site;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return [
    ...temporary.map((name) => `${name}_temp_path ${NGINX_TEMP}/${name};`),
    '',
    ...block(
      'types',
      Object.entries(TYPES).map(([type, ends]) => `${type} ${ends};`),
    ),
    'default_type application/octet-stream;',
    'charset utf-8;',
    'charset_types application/javascript application/json text/css text/plain text/xml;',
    '',
    '# As it was asked for, and less the query, which may tell of people.',
    ...block('map $request_uri $asked_path', ["'~^(?<before_query>[^?]*)' $before_query;"]),
    `log_format json escape=json '{${logFields()}}';`,
    'access_log /dev/stdout json;',
    '',
    'server_tokens off;',
    '# TLS ends before us, and the port is not the one that browsers see.',
    'absolute_redirect off;',
    'sendfile on;',
    'tcp_nopush on;',
    '# Longer than load balancers keep idle connections, or they would use one that we are about to close.',
    'keepalive_timeout 75s;',
    '',
    ...gzip(compression),
    ...block('map $status $asset_cache', [
      `~^(200|206|304)$ ${lifetime(cache.assetsSeconds, ', immutable')};`,
      '# What is missing may come with the next pod that answers.',
      'default no-store;',
    ]),
    ...block('map $status $page_cache', [`~^(200|206|301|304)$ ${lifetime(cache.pagesSeconds)};`, 'default no-store;']),
    '',
    ...block('server', server(parts)),
  ];
}

function gzip({ enabled, level, minBytes, types }: ResolvedStaticSite['compression']): string[] {
  if (!enabled) return ['gzip off;', ''];
  return [
    'gzip on;',
    'gzip_static on;',
    'gzip_vary on;',
    '# Also for what came through a proxy that says so.',
    'gzip_proxied any;',
    `gzip_comp_level ${level};`,
    `gzip_min_length ${minBytes};`,
    // A list of nothing is no directive.
    ...(types.length > 0 ? [`gzip_types ${types.join(' ')};`] : []),
    '',
  ];
}

function server({ site, port, readinessPath, livenessPaths }: NginxParts): string[] {
  const missing = site.fallback ? '$uri/index.html /index.html' : '$uri/ =404';
  return [
    `listen ${port};`,
    'server_name _;',
    `root ${site.root};`,
    'index index.html;',
    'add_header Cache-Control $page_cache always;',
    '',
    '# Ready is who has the site.',
    ...block(`location = ${readinessPath}`, [
      'access_log off;',
      'add_header Cache-Control no-store always;',
      'try_files /index.html =503;',
    ]),
    ...[...new Set(livenessPaths)]
      .filter((path) => path !== readinessPath)
      .flatMap((path) =>
        block(`location = ${path}`, [
          'access_log off;',
          'default_type text/plain;',
          'add_header Cache-Control no-store always;',
          "return 200 'ok\\n';",
        ]),
      ),
    ...site.assets.flatMap((folder) =>
      block(`location ^~ ${folder}`, ['add_header Cache-Control $asset_cache always;', 'try_files $uri =404;']),
    ),
    ...block('location ~ /\\.(?!well-known/)', ['return 404;']),
    ...block('location /', [`try_files $uri ${missing};`]),
  ];
}

const lifetime = (seconds: number, more = '') => (seconds > 0 ? `'public, max-age=${seconds}${more}'` : 'no-cache');

const logFields = () =>
  Object.entries(LOG)
    .map(([name, value]) => `"${name}":${NUMBERS.includes(name) ? value : `"${value}"`}`)
    .join(',');

const block = (name: string, lines: readonly string[]) => [
  `${name} {`,
  ...lines.map((line) => (line === '' ? line : `  ${line}`)),
  '}',
];

const text = (lines: readonly string[]) => `${lines.join('\n')}\n`;
