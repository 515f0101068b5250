import { Construct } from 'constructs';

import { checkPrivateEndpoint } from '../platform/cidr';
import { PUBLIC_ADDRESSES } from '../platform/cloud';
import { Secrets } from '../platform/secrets';
import { System } from '../platform/system';
import { ValidationError } from '../platform/validation-error';
import type { Endpoint, IConnectable, Peer } from './connectable';
import {
  type ExternalServiceSettings,
  resolveExternalService,
  type ResolvedExternalService,
} from './external-service-settings';

/** What stands on the policy of every client, and in docs/guides/external-services.md. */
const ANY_PUBLIC_ADDRESS =
  'a NetworkPolicy knows addresses and no DNS names, so that every public address is open on these ports; ' +
  'private, shared, loopback and link-local ranges stay closed';

/** The user and group `nobody` of every small image: to dial a port takes no rights. */
const NOBODY = 65534;

/**
 * A backing service that somebody else runs outside the cluster: a managed database, an API, a bucket. Whoever uses it gets
 * its parameters and references to its secrets, may reach it, and waits for it unless it is optional.
 */
export class ExternalService extends Construct implements IConnectable {
  /** What a client needs to know. */
  public readonly endpoint: Endpoint;

  public constructor(scope: Construct, id: string, settings: ExternalServiceSettings) {
    super(scope, id);
    const resolved = resolveExternalService(id, settings);
    this.checkNames(resolved);
    this.checkWay(resolved);
    this.checkWait(resolved, settings);
    const { secrets, optional } = resolved;
    for (const { secret, key } of secrets) {
      const provided = optional ? { provided: true, optional } : { provided: true };
      Secrets.of(this).declare({ name: secret, keys: { [key]: provided } });
    }
    this.endpoint = {
      peer: this.peerOf(resolved),
      ports: resolved.ports.map((port) => ({ name: `tcp-${port}`, port })),
      environment: resolved.environment,
      secrets: secrets.map((variable) => (optional ? { ...variable, optional } : variable)),
      waitFor: resolved.wait ? waitFor(resolved) : undefined,
      optional,
    };
  }

  private peerOf({ hosts, cidrs, anyPublicAddress, privateEndpoint, ports }: ResolvedExternalService): Peer {
    const name = this.node.id;
    // By its names it might be found elsewhere, too.
    if (privateEndpoint) return { name, cidrs };
    const names = hosts.length > 0 ? { hosts } : {};
    if (!anyPublicAddress) return { name, ...names, ...(cidrs.length > 0 ? { cidrs } : {}) };
    const called = hosts.length > 0 ? `${name} (${hosts.join(', ')})` : name;
    const remark = `${called} on TCP ${ports.join(', ')}: ${ANY_PUBLIC_ADDRESS}`;
    return { name, ...names, ...PUBLIC_ADDRESSES, remark };
  }

  /** Names go into a script, and an empty list of ports would open all of them. */
  private checkNames({ hosts, ports }: ResolvedExternalService): void {
    const wrong = hosts.find((host) => !/^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z]([-a-z0-9]*[a-z0-9])?$/.test(host));
    if (wrong !== undefined) {
      const found = `expected DNS names such as api.example.com, got "${wrong}"`;
      throw new ValidationError(this, 'hosts', `${found}; write it in lower case, without scheme, port or wildcard`);
    }
    if (ports.length === 0) {
      throw new ValidationError(this, 'ports', 'expected at least one port, got none; leave it out for 443');
    }
  }

  /** Something must say where the service is, in the words that the cluster's policies have. */
  private checkWay({ hosts, cidrs, anyPublicAddress, privateEndpoint }: ResolvedExternalService): void {
    const { networkPolicies } = System.containing(this);
    const everything = cidrs.find((cidr) => cidr.endsWith('/0'));
    if (everything !== undefined) {
      const found = `expected the ranges of the service, got ${everything}, which is every address, private ones included`;
      throw new ValidationError(this, 'cidrs', `${found}; name its ranges, or set anyPublicAddress instead`);
    }
    if (anyPublicAddress && cidrs.length > 0) {
      const found = 'expected cidrs or anyPublicAddress, got both, and the second makes the first say nothing';
      throw new ValidationError(this, 'anyPublicAddress', `${found}; remove one`);
    }
    if (privateEndpoint) {
      if (!anyPublicAddress) return checkPrivateEndpoint(this, 'cidrs', cidrs);
      const found = 'expected false with privateEndpoint, got true';
      throw new ValidationError(this, 'anyPublicAddress', `${found}; remove one of the two`);
    }
    if (networkPolicies !== 'kubernetes' && hosts.length > 0) {
      if (!anyPublicAddress) return;
      const found = `expected hosts alone with networkPolicies: ${networkPolicies}, got anyPublicAddress as well`;
      throw new ValidationError(this, 'anyPublicAddress', `${found}; remove it: these policies open the hosts only`);
    }
    if (anyPublicAddress || cidrs.length > 0) return;
    throw new ValidationError(
      this,
      'cidrs',
      `expected a way to say where ${this.node.id} is, got ${hosts.length > 0 ? `the names ${hosts.join(', ')}` : 'none'}, ` +
        'and a NetworkPolicy knows addresses and no DNS names; give its cidrs, or anyPublicAddress: true to open every ' +
        'public address on its ports, or hosts together with networkPolicies: cilium or calico-enterprise where the ' +
        'cluster has these (open source Calico knows no names either)',
    );
  }

  private checkWait({ hosts, optional, waitImage }: ResolvedExternalService, { wait }: ExternalServiceSettings): void {
    if (wait && optional) {
      const found = 'expected no wait for an optional service, got wait: true';
      throw new ValidationError(this, 'wait', `${found}; remove it, or make the service required`);
    }
    if (wait && hosts.length === 0) {
      const found = 'expected hosts to wait for, got none';
      throw new ValidationError(this, 'wait', `${found}; give hosts, or remove it: without a name nobody is dialled`);
    }
    const { tag, digest } = waitImage;
    if (System.containing(this).allowLatestImages || digest || (tag && tag !== 'latest')) return;
    const found = `expected a tag other than "latest" or a digest, got "${waitImage.repository}:${tag}"`;
    throw new ValidationError(this, 'waitImage.tag', `${found}; name a release`);
  }
}

/**
 * Until one of its hosts takes a connection. Whether it then answers well is for the application to find out. There are
 * builds of busybox without `nc -z`; a program to run once there is a connection all of them have.
 */
function waitFor({ hosts, ports, waitImage }: ResolvedExternalService): Endpoint['waitFor'] {
  return {
    image: { ...waitImage, pullPolicy: 'IfNotPresent', user: NOBODY, group: NOBODY },
    script: hosts.map((host) => `nc -w 3 ${host} ${ports[0]} -e true`).join(' || '),
  };
}
