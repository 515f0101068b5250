import { App } from 'cdk8s';
import { ExternalService, Redis, System, WebService, Worker } from 'cdk8s-webstack';

// A plain System is enough where there is one environment.
const app = new App();
const mail = new System(app, 'mail', {
  system: 'mail',
  environment: 'production',
  version: '1.0.0',
  namespace: 'mail',
});

const queue = new Redis(mail.layer('data'), 'queue', { storage: { size: '2Gi' } });

const provider = new ExternalService(mail.layer('data'), 'provider', {
  hosts: ['smtp.example.com'],
  cidrs: ['192.0.2.0/28'],
  ports: [465],
  environment: { SMTP_HOST: 'smtp.example.com' },
  secrets: { SMTP_PASSWORD: {} },
});

// Takes orders to send a mail, and answers at once.
const intake = new WebService(mail.layer('apps'), 'intake', {
  image: { repository: 'ghcr.io/acme/mail', tag: '3.0.1', profile: 'fastapi' },
  port: 8000,
  replicas: 2,
});
intake.use(queue);

// Sends them, one after the other. Nobody calls it, so it has no port, and Kubernetes asks it by commands.
const sender = new Worker(mail.layer('apps'), 'sender', {
  image: { repository: 'ghcr.io/acme/mail', tag: '3.0.1', profile: 'fastapi' },
  command: ['python', '-m', 'mail.sender'],
  replicas: 1,
  health: {
    readiness: { command: ['python', '-m', 'mail.sender', '--ping'], periodSeconds: 15, timeoutSeconds: 10 },
    // The sender touches the file when it begins, and before each look into the queue.
    liveness: { command: ['sh', '-c', 'test -n "$(find /tmp/alive -mmin -2)"'] },
  },
  // Another pod for every 50 mails that wait. The figure comes from an adapter of the cluster.
  autoscaling: {
    maxReplicas: 8,
    resources: [],
    metrics: [{ external: { name: 'redis_list_length', averageValue: '50', labels: { list: 'outgoing' } } }],
  },
  // The slowest mail server is given up on after 100 s.
  shutdown: { graceSeconds: 120 },
  alerts: { enabled: true },
});
sender.use(queue);
sender.use(provider);

process.stdout.write(app.synthYaml());
