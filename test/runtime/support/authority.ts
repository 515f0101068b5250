import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { run, scratchFolder } from './process';

const KEY = ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
const USAGES: Record<string, string> = { 'server auth': 'serverAuth', 'client auth': 'clientAuth' };

/** Signs certificates with openssl as cert-manager's CA issuer does, and gives the values of their Secrets. */
export class Authority {
  private readonly folder = scratchFolder('authority');
  private readonly files = { key: join(this.folder, 'ca.key'), certificate: join(this.folder, 'ca.crt') };

  public constructor(name: string) {
    const { key, certificate } = this.files;
    writeFileSync(key, run('openssl', KEY));
    const extensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign,digitalSignature'];
    const added = extensions.flatMap((extension) => ['-addext', extension]);
    run('openssl', [
      'req',
      '-x509',
      '-new',
      '-key',
      key,
      '-days',
      '30',
      '-subj',
      `/CN=${name}`,
      ...added,
      '-out',
      certificate,
    ]);
  }

  /** Its own certificate. */
  public get certificate(): string {
    return readFileSync(this.files.certificate, 'utf8');
  }

  /** The Secret of a Certificate: a new key and a certificate of it, each time it is called. */
  public sign({ spec }: any): Record<string, string> {
    const path = (name: string) => join(this.folder, name);
    const key = run('openssl', KEY);
    const usages = spec.usages.flatMap((usage: string) => USAGES[usage] ?? []);
    writeFileSync(path('leaf.key'), key);
    writeFileSync(
      path('extensions'),
      [
        `subjectAltName=${spec.dnsNames.map((name: string) => `DNS:${name}`).join(',')}`,
        'keyUsage=critical,digitalSignature',
        `extendedKeyUsage=${usages.join(',')}`,
        'basicConstraints=critical,CA:FALSE',
      ].join('\n'),
    );
    run('openssl', [
      'req',
      '-new',
      '-key',
      path('leaf.key'),
      '-subj',
      `/CN=${spec.commonName}`,
      '-out',
      path('leaf.csr'),
    ]);
    const { key: signer, certificate: ca } = this.files;
    const signing = ['-CA', ca, '-CAkey', signer, '-CAcreateserial', '-days', '5', '-extfile', path('extensions')];
    const certificate = run('openssl', ['x509', '-req', '-in', path('leaf.csr'), ...signing]);
    return {
      'ca.crt': this.certificate,
      'tls.crt': certificate,
      'tls.key': key,
      'tls-combined.pem': `${key}\n${certificate}`,
    };
  }
}
