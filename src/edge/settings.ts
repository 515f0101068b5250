import type { Peer } from '../network/connectable';
import type { LoadBalancerScheme } from '../platform/cloud';
import type { DnsLabel, LabelValue, Seconds } from '../platform/names';
import type { Bytes } from '../platform/quantity';
import type { AlbSettings, ApplicationGatewaySettings, GceSettings } from './cloud-settings';

/**
 * Value of a header.
 * @pattern ^[!-~]([ -~]*[!-~])?$
 * @title the value of a header, in one line
 */
export type HeaderValue = string;

/**
 * An origin of requests.
 * @pattern ^https?://[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*(:[0-9]{1,5})?$
 * @title an origin such as https://shop.example.com
 */
export type Origin = string;

/**
 * A method of HTTP.
 * @pattern ^[A-Z]+$
 * @title a method such as GET
 */
export type HttpMethod = string;

/**
 * Name of a header.
 * @pattern ^[A-Za-z][-A-Za-z0-9]*$
 * @title the name of a header
 */
export type HeaderName = string;

/** How often one client may ask. */
export interface RateLimitSettings {
  /**
   * Requests that a client address may make in a minute.
   * @asType integer
   * @minimum 1
   * @maximum 1000000
   */
  readonly requestsPerMinute: number;

  /**
   * How many times that many may come at once before any is refused.
   * @asType integer
   * @minimum 1
   * @maximum 1000
   * @default - ingress-nginx decides: 5
   */
  readonly burstFactor?: number;
}

/** Which other origins a browser lets use the API. */
export interface CorsSettings {
  /**
   * Origins, each with its scheme.
   * @minItems 1
   */
  readonly origins: Origin[];

  /**
   * Methods.
   * @default ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
   */
  readonly methods?: HttpMethod[];

  /**
   * Headers of requests.
   * @default ["Authorization", "Content-Type", "X-Correlation-ID"]
   */
  readonly headers?: HeaderName[];

  /**
   * Whether cookies and credentials go along.
   * @default true
   */
  readonly credentials?: boolean;

  /**
   * How long a browser remembers the answer.
   * @maximum 86400
   * @default 600
   */
  readonly maxAgeSeconds?: Seconds;
}

/** The proxies in the cluster that serve the edge: where traffic comes from, as the pods see it. */
export interface EdgeControllerSettings {
  /**
   * Their namespace.
   * @default - `ingress-nginx` or `envoy-gateway-system`
   */
  readonly namespace?: DnsLabel;

  /**
   * Labels that select their pods.
   * @propertyNames {"pattern": "^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$", "title": "a label name such as app.kubernetes.io/name"}
   * @default - those that the project's own manifests give them
   */
  readonly podLabels?: { [label: string]: LabelValue };
}

/** What renders an edge: proxies in any cluster, or a load balancer of one cloud. */
export type EdgeType = 'alb' | 'application-gateway' | 'gateway-api' | 'gce' | 'ingress-nginx';

/** What stands between the world and the services. */
export interface EdgeSettings {
  /**
   * What renders it. The features are the same; what one cannot express is refused. `alb` needs the cloud aws, `gce` needs
   * gcp, `application-gateway` needs azure.
   * @default ingress-nginx
   */
  readonly type?: EdgeType;

  /**
   * Whether the load balancer has a public address. With `gateway-api` it is the one in front of the proxies, which only a
   * cloud makes; with `ingress-nginx` that is said where the controller is installed.
   * @default - internet-facing, where the type is a load balancer; else the cluster's own choice
   */
  readonly scheme?: LoadBalancerScheme;

  /**
   * The load balancer, for `type: alb`.
   * @default - the edge is another
   */
  readonly alb?: AlbSettings;

  /**
   * The load balancer, for `type: gce`.
   * @default - the edge is another, or a public one without TLS
   */
  readonly gce?: GceSettings;

  /**
   * The gateway, for `type: application-gateway`.
   * @default - the edge is another
   */
  readonly applicationGateway?: ApplicationGatewaySettings;

  /**
   * Whose policies say what the Gateway API itself cannot: limits of rates and bodies, and CORS.
   * @default envoy-gateway
   */
  readonly policies?: 'envoy-gateway' | 'none';

  /**
   * Host name under which the system is reached.
   * @pattern ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$
   * @title a host name such as shop.example.com
   */
  readonly host: string;

  /**
   * Name of the IngressClass or GatewayClass; not for `gce`, which knows two of its own.
   * @default - `nginx`, `envoy-gateway`, `alb` or `azure-application-gateway`
   */
  readonly className?: DnsLabel;

  /**
   * Cluster issuer of cert-manager that signs the certificate of the host. With one, plain HTTP is redirected.
   * @default - no TLS
   */
  readonly certificateIssuer?: DnsLabel;

  /**
   * How often one client may ask.
   * @default - no limit
   */
  readonly rateLimit?: RateLimitSettings;

  /**
   * Whether a web application firewall must filter the requests. A load balancer of a cloud must name its policy:
   * `alb.webAclArn`, `gce.securityPolicy` or `applicationGateway.wafPolicy`. With `ingress-nginx` it is ModSecurity with the
   * core rules of OWASP, which only logs what it finds until the controller's own settings say `SecRuleEngine On`.
   * @default false
   */
  readonly waf?: boolean;

  /**
   * Which other origins a browser lets use the API.
   * @default - none
   */
  readonly cors?: CorsSettings;

  /**
   * Headers added to every answer, by name.
   * @propertyNames {"pattern": "^[A-Za-z][-A-Za-z0-9]*$", "title": "the name of a header"}
   * @default - those that browsers are to be told for safety: HSTS with TLS, nosniff, frame, referrer and content policy; less the referrer policy for `alb`, which cannot send it
   */
  readonly securityHeaders?: { [header: string]: HeaderValue };

  /**
   * Largest body of a request.
   * @default - no limit of ours: 1 MB in ingress-nginx, none in Gateway API
   */
  readonly bodyLimit?: Bytes;

  /**
   * How long an answer may take.
   * @minimum 1
   * @maximum 86400
   * @default 60
   */
  readonly timeoutSeconds?: Seconds;

  /**
   * The proxies that serve the edge, where these are in the cluster.
   * @default - those of the project's own manifests
   */
  readonly controller?: EdgeControllerSettings;
}

/** An edge with nothing left open. */
export interface ResolvedEdge {
  readonly type: EdgeType;
  readonly policies: 'envoy-gateway' | 'none';
  readonly host: string;
  readonly className: string;
  readonly certificateIssuer?: string;
  /** Whether there is a certificate, whoever issues it. */
  readonly secure: boolean;
  readonly rateLimit?: RateLimitSettings;
  readonly cors?: Required<CorsSettings>;
  readonly securityHeaders: Record<string, string>;
  readonly bodyLimit?: string;
  readonly timeoutSeconds: number;
  readonly waf: boolean;
  readonly scheme?: LoadBalancerScheme;
  readonly alb?: AlbSettings;
  readonly gce: GceSettings;
  readonly applicationGateway?: ApplicationGatewaySettings;
  /** Where requests come from, as the pods see it. */
  readonly proxies: Omit<Peer, 'name'>;
}

/** What an edge is where the settings leave it open; `cloud` is the only one that has it. */
interface Kind {
  readonly className: string;
  readonly cloud?: 'aws' | 'azure' | 'gcp';
  readonly proxies?: Required<EdgeControllerSettings>;
}

/** Every kind of edge. */
export const KINDS: Record<EdgeType, Kind> = {
  alb: { className: 'alb', cloud: 'aws' },
  'application-gateway': { className: 'azure-application-gateway', cloud: 'azure' },
  'gateway-api': {
    className: 'envoy-gateway',
    proxies: {
      namespace: 'envoy-gateway-system',
      podLabels: { 'app.kubernetes.io/managed-by': 'envoy-gateway', 'app.kubernetes.io/component': 'proxy' },
    },
  },
  gce: { className: 'gce', cloud: 'gcp' },
  'ingress-nginx': {
    className: 'nginx',
    proxies: {
      namespace: 'ingress-nginx',
      podLabels: { 'app.kubernetes.io/name': 'ingress-nginx', 'app.kubernetes.io/component': 'controller' },
    },
  },
};

/** From where Google's load balancers and their health checks come, as its documentation of GKE Ingress publishes them. */
const GOOGLE_FRONT_ENDS = ['130.211.0.0/22', '35.191.0.0/16'];

const HEADERS = {
  'Content-Security-Policy': "default-src 'self'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'",
  'Referrer-Policy': 'strict-origin-when-cross-origin',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};
const HSTS = { 'Strict-Transport-Security': 'max-age=31536000; includeSubDomains' };

/** Fills in defaults and what follows from the renderer. */
export function resolveEdge(settings: EdgeSettings): ResolvedEdge {
  const type = settings.type ?? 'ingress-nginx';
  const { cors, rateLimit, certificateIssuer, alb, gce = {}, applicationGateway } = settings;
  const certificates = [alb?.certificateArns, gce.managedCertificate, applicationGateway?.certificate];
  const secure = [certificateIssuer, ...certificates].some(Boolean);
  return {
    type,
    policies: settings.policies ?? 'envoy-gateway',
    host: settings.host,
    className: settings.className ?? KINDS[type].className,
    certificateIssuer,
    secure,
    rateLimit,
    cors: cors && {
      origins: cors.origins,
      methods: cors.methods ?? ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
      headers: cors.headers ?? ['Authorization', 'Content-Type', 'X-Correlation-ID'],
      credentials: cors.credentials ?? true,
      maxAgeSeconds: cors.maxAgeSeconds ?? 600,
    },
    securityHeaders: settings.securityHeaders ?? safeHeaders(type, secure),
    bodyLimit: settings.bodyLimit,
    timeoutSeconds: settings.timeoutSeconds ?? 60,
    waf: settings.waf ?? false,
    scheme: settings.scheme ?? (KINDS[type].cloud ? 'internet-facing' : undefined),
    alb,
    gce,
    applicationGateway,
    proxies: resolveProxies(type, settings),
  };
}

function safeHeaders(type: EdgeType, secure: boolean): Record<string, string> {
  const { 'Referrer-Policy': _, ...withoutReferrer } = HEADERS;
  return { ...(secure ? HSTS : {}), ...(type === 'alb' ? withoutReferrer : HEADERS) };
}

function resolveProxies(type: EdgeType, { controller, alb, gce, applicationGateway }: EdgeSettings) {
  const { proxies } = KINDS[type];
  if (proxies) {
    return {
      namespace: controller?.namespace ?? proxies.namespace,
      podLabels: controller?.podLabels ?? proxies.podLabels,
    };
  }
  if (type === 'gce') return { cidrs: [...(gce?.proxySubnetCidrs ?? []), ...GOOGLE_FRONT_ENDS] };
  return { cidrs: (alb ?? applicationGateway)?.subnetCidrs ?? [] };
}
