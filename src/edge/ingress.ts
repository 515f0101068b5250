import { Lazy } from 'cdk8s';
import type { Construct } from 'constructs';

import { type HTTPIngressPath, KubeIngress } from '../../imports/k8s';
import type { Route } from './renderer';

/** What makes an Ingress. */
export interface IngressParts {
  readonly name: string;
  readonly annotations: { [annotation: string]: string };
  /** Class; nothing where an annotation says it. */
  readonly className?: string;
  readonly host: string;
  /** Secret with the certificate, where the Ingress is to name one. */
  readonly tlsSecret?: string;
  /** The paths so far. They are asked for when the Ingress is rendered: routes are declared after it. */
  readonly paths: () => HTTPIngressPath[];
}

/** One host with its paths. */
export function renderIngress(scope: Construct, id: string, parts: IngressParts): KubeIngress {
  const { name, annotations, className, host, tlsSecret, paths } = parts;
  return new KubeIngress(scope, id, {
    metadata: { name, annotations },
    spec: {
      ingressClassName: className,
      rules: [{ host, http: { paths: Lazy.any({ produce: paths }) } }],
      tls: tlsSecret ? [{ hosts: [host], secretName: tlsSecret }] : undefined,
    },
  });
}

/** A path that leads to its service. */
export const pathTo = ({ path, service }: Route): HTTPIngressPath => ({
  path,
  pathType: 'Prefix',
  backend: { service: { name: service.workloadName, port: { name: 'http' } } },
});
