/** An overlay of an environment: whatever its schema allows. */
type Overlay = any;

const UUID = '11111111-2222-3333-4444-555555555555';

/** What each cloud needs, and an identity that is one there. */
const CLOUDS: Record<string, { readonly settings: object; readonly identity: string }> = {
  aws: { settings: { region: 'eu-central-1' }, identity: 'arn:aws:iam::111122223333:role/shop' },
  gcp: { settings: { project: 'my-project' }, identity: 'shop-web@my-project.iam.gserviceaccount.com' },
  azure: { settings: { tenantId: UUID }, identity: UUID },
};

/** The cloud of each edge that only one has, with what it needs and the key that holds it. */
const EDGES: Record<string, { readonly cloud: string; readonly key: string; readonly settings: object }> = {
  alb: { cloud: 'aws', key: 'alb', settings: { subnetCidrs: ['10.0.0.0/24'] } },
  'application-gateway': {
    cloud: 'azure',
    key: 'applicationGateway',
    settings: { subnetCidrs: ['10.0.0.0/24'] },
  },
  gce: { cloud: 'gcp', key: 'gce', settings: {} },
};

const without = (map: Overlay, ...keys: string[]) =>
  Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)));

/** Less what an environment removes, which is needed. */
const kept = (map: Overlay) => Object.fromEntries(Object.entries(map ?? {}).filter(([, value]) => value !== null));

/** The overlay with what is said of clouds in many places made to fit together, and to its base. All else stays. */
export function onOneCloud(overlay: Overlay, base: Overlay = {}): Overlay {
  const type = overlay.edge?.type ?? base.edge?.type;
  const owner = EDGES[type]?.cloud;
  const provider = owner ?? overlay.cloud?.provider ?? base.cloud?.provider ?? 'generic';
  const changed = { ...overlay };
  if (overlay.cloud || owner) changed.cloud = cloudOf(overlay.cloud ?? {}, provider, base.cloud ?? {});
  if (provider !== base.cloud?.provider) Object.assign(changed, renamedIdentities(base, changed, provider));
  for (const [name, one] of Object.entries<Overlay>(changed)) {
    if (one && (one.image || one.identity || one.spot)) changed[name] = applicationOf(one, provider);
  }
  if (overlay.edge) changed.edge = edgeOf({ ...overlay.edge, type }, provider, base.edge ?? {});
  return changed;
}

/** The overlay with an identity of this cloud wherever the base has one of its own, however deep. */
function renamedIdentities(base: Overlay, overlay: Overlay, provider: string): Overlay {
  const changed = { ...overlay };
  for (const [key, one] of Object.entries<Overlay>(base)) {
    if (key === 'identity') changed[key] ??= CLOUDS[provider]?.identity ?? null;
    else if (isMap(one) && overlay?.[key] !== null) {
      const inside = renamedIdentities(one, overlay?.[key] ?? {}, provider);
      if (Object.keys(inside).length > 0) changed[key] = inside;
    }
  }
  return changed;
}

const isMap = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);

function cloudOf(cloud: Overlay, provider: string, base: Overlay): Overlay {
  const needed = CLOUDS[provider]?.settings;
  // A key is of the region in its own name; by chance it is of another. What is protected may not be destroyed.
  const given = without(kept(cloud[provider]), 'kmsKey', 'reclaimPolicy');
  // What a base says of its own cluster is nothing to another.
  const others = Object.keys(base).filter((name) => name !== 'provider' && name !== provider);
  const removed = Object.fromEntries(others.map((name) => [name, null]));
  return { provider, ...removed, ...(needed ? { [provider]: { ...needed, ...given } } : {}) };
}

function applicationOf(application: Overlay, provider: string): Overlay {
  const cloud = CLOUDS[provider];
  if (!cloud) return without(application, 'identity', 'spot');
  return application.identity ? { ...application, identity: cloud.identity } : application;
}

function edgeOf(edge: Overlay, provider: string, base: Overlay): Overlay {
  const own = EDGES[edge.type];
  const keys = Object.values(EDGES).map(({ key }) => key);
  const removed = Object.fromEntries(keys.filter((key) => key in base && key !== own?.key).map((key) => [key, null]));
  const plain = { ...without(edge, 'waf', ...keys), ...removed, ...(base.waf ? { waf: null } : {}) };
  if (!own) return edge.type === 'gateway-api' && CLOUDS[provider] ? plain : without(plain, 'scheme');
  const features = { rateLimit: null, cors: null, bodyLimit: null };
  const rest = without(plain, 'controller', 'className', 'securityHeaders', 'timeoutSeconds');
  const settings = { ...own.settings, ...kept(edge[own.key]) };
  if (own.key === 'alb') return { ...rest, ...features, certificateIssuer: null, alb: settings };
  if (own.key === 'applicationGateway')
    return { ...rest, ...features, applicationGateway: without(settings, 'certificate') };
  const gce =
    edge.scheme === 'internal'
      ? { proxySubnetCidrs: ['10.9.0.0/23'], ...without(settings, 'managedCertificate', 'sslPolicy', 'securityPolicy') }
      : without(settings, 'managedCertificate', 'proxySubnetCidrs');
  return { ...rest, ...features, gce };
}
