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
export const localhostCertificate = (name: string): Record<string, string> =>
  new Authority(name).sign({ spec: { dnsNames: ['localhost'], commonName: 'localhost', usages: ['server auth'] } });

/** Dapr's own patcher between the API server and the pods, as its chart with failure policy Fail has it. */
export async function addInjector(cluster: Cluster, options: InjectorOptions = {}): Promise<void> {
  const { sidecarDropALLCapabilities = true } = options;
  const certificate = localhostCertificate('injector');
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
  const port = LISTENING.exec(server.output)![1];
  await cluster.api.create('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'dapr-sidecar-injector' },
    webhooks: [
      {
        name: 'sidecar-injector.dapr.io',
        clientConfig: {
          url: `https://localhost:${port}/mutate`,
          caBundle: Buffer.from(certificate['ca.crt']!).toString('base64'),
        },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }],
        failurePolicy: 'Fail',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  });
}

const LISTENING = /listening on 127\.0\.0\.1:(\d+)/;
