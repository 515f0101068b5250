import { App } from 'cdk8s';
import { Edge, Postgres, System, WebService } from 'cdk8s-webstack';
import type { Construct } from 'constructs';

/** What differs between the environments of the shop. */
interface ShopSettings {
  readonly host: string;
  readonly replicas: number;
  readonly certificateIssuer?: string;
}

/** A shop: a front that asks a catalog, which keeps its goods in PostgreSQL. */
class Shop extends System {
  public constructor(scope: Construct, environment: string, settings: ShopSettings) {
    const { host, replicas, certificateIssuer } = settings;
    const namespace = `shop-${environment}`;
    super(scope, namespace, { system: 'shop', environment, version: '1.0.0', namespace });

    const postgres = new Postgres(this.layer('data'), 'postgres', { database: 'shop', storage: { size: '10Gi' } });

    const catalog = new WebService(this.layer('apps'), 'catalog', {
      image: { repository: 'ghcr.io/acme/catalog', tag: '1.4.0', profile: 'fastapi' },
      port: 8000,
      replicas,
      migrations: { command: ['alembic', 'upgrade', 'head'] },
    });
    catalog.use(postgres);

    const front = new WebService(this.layer('apps'), 'front', {
      image: { repository: 'ghcr.io/acme/front', tag: '2.1.0', profile: 'nextjs' },
      port: 3000,
      replicas,
      health: { readiness: { path: '/api/ready' } },
      autoscaling: { maxReplicas: replicas * 4, cpuPercent: 60 },
    });
    front.use(catalog, { optional: true });

    const edge = new Edge(this.layer('edge'), 'edge', { type: 'gateway-api', host, certificateIssuer });
    edge.route('/catalog', catalog);
    edge.route('/', front);
  }
}

const app = new App();
new Shop(app, 'dev', { host: 'shop.local', replicas: 1 });
new Shop(app, 'production', { host: 'shop.example.com', replicas: 3, certificateIssuer: 'letsencrypt' });
process.stdout.write(app.synthYaml());
