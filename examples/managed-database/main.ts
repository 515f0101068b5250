import { App } from 'cdk8s';
import { Edge, ExternalService, System, WebService } from 'cdk8s-webstack';

const app = new App();
const orders = new System(app, 'orders', {
  system: 'orders',
  environment: 'production',
  version: '1.0.0',
  namespace: 'orders',
  // Passwords stay in the vault: the cluster's External Secrets Operator fetches them.
  secrets: { source: 'external-secrets', store: { provider: 'existing', existing: { name: 'vault' } } },
});

// Somebody else runs it, behind a private endpoint: its addresses are all that clients may dial.
const database = new ExternalService(orders.layer('data'), 'database', {
  privateEndpoint: true,
  hosts: ['orders.postgres.example.com'],
  cidrs: ['10.40.8.4/32', '10.40.9.4/32'],
  ports: [5432],
  environment: {
    PGHOST: 'orders.postgres.example.com',
    PGPORT: 5432,
    PGDATABASE: 'orders',
    // Encrypted, and with a certificate of that host's that an authority of the image's signed.
    PGSSLMODE: 'verify-full',
    PGSSLROOTCERT: 'system',
  },
  secrets: { PGUSER: { key: 'user' }, PGPASSWORD: { key: 'password' } },
});

const api = new WebService(orders.layer('apps'), 'api', {
  image: { repository: 'ghcr.io/acme/orders', tag: '5.2.0', profile: 'fastapi' },
  port: 8000,
  replicas: 3,
  disruptionBudget: { minAvailable: 2 },
  spread: { zones: 'required' },
});
api.use(database);

const edge = new Edge(orders.layer('edge'), 'edge', {
  type: 'gateway-api',
  host: 'orders.example.com',
  certificateIssuer: 'letsencrypt',
});
edge.route('/', api);

process.stdout.write(app.synthYaml());
