import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Authority } from '../runtime/support/authority';
import { scratchFolder } from '../runtime/support/process';
import { toolPath } from '../runtime/support/tools';
import type { Cluster } from './control-plane';

export interface InjectorOptions {
  /**
   * The Helm value of the same name; without it sidecars are refused under Pod Security "restricted".
   * @default true, as preflight asks
   */
  readonly sidecarDropALLCapabilities?: boolean;
}

/** The certificate of a server that the API server calls on this machine: `tls.crt`, `tls.key` and `ca.crt`. */
export const localhostCertificate = (name: string, ...otherNames: string[]): Record<string, string> =>
  new Authority(name).sign({
    spec: { dnsNames: ['localhost', ...otherNames], commonName: 'localhost', usages: ['server auth'] },
  });

const SYSTEM = 'dapr-system';
const NAME = 'dapr-sidecar-injector';
const WEBHOOKS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';

/** Dapr's own patcher between the API server and the pods, as its chart with failure policy Fail has it. */
export async function addInjector(cluster: Cluster, options: InjectorOptions = {}): Promise<void> {
  const { sidecarDropALLCapabilities = true } = options;
  const certificate = localhostCertificate('injector', `${NAME}.${SYSTEM}.svc`);
  const folder = scratchFolder('injector');
  for (const name of ['tls.crt', 'tls.key']) writeFileSync(join(folder, name), certificate[name]!, { mode: 0o600 });
  const server = await cluster.run(
    'injector',
    toolPath('injector', 'bin/injector'),
    [
      '--listen=127.0.0.1:0',
      `--cert=${join(folder, 'tls.crt')}`,
      `--key=${join(folder, 'tls.key')}`,
      '--image=daprio/daprd:1.16.0',
      `--sidecarDropALLCapabilities=${sidecarDropALLCapabilities}`,
    ],
    { line: LISTENING },
  );
  const port = Number(LISTENING.exec(server.output)![1]);
  const caBundle = Buffer.from(certificate['ca.crt']!).toString('base64');
  cluster.kubectl(['apply', '--server-side', '-f', '-'], { input: JSON.stringify(webhookOf(port, caBundle)) });
}

/** Takes it away, as when Dapr is removed: pods start without sidecars. */
export const removeInjector = (cluster: Cluster): Promise<unknown> => cluster.api.delete(`${WEBHOOKS}/${NAME}`);

/** Its Service leads out of the cluster, for no pod of ours can answer. */
const webhookOf = (port: number, caBundle: string) => ({
  apiVersion: 'v1',
  kind: 'List',
  items: [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SYSTEM } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: NAME, namespace: SYSTEM },
      spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port }] },
    },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: NAME },
      webhooks: [
        {
          name: 'sidecar-injector.dapr.io',
          clientConfig: { service: { namespace: SYSTEM, name: NAME, path: '/mutate', port }, caBundle },
          rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }],
          failurePolicy: 'Fail',
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
        },
      ],
    },
  ],
});

const LISTENING = /listening on 127\.0\.0\.1:(\d+)/;
