import { manifestProblems } from '../../src/outputs/problems';
import { type CertificateProps, Certificates, type TlsSettings } from '../../src/platform/certificates';
import { schemaErrors } from '../support/kubernetes-schema';
import { finished, testSystem } from '../support/system';

const issued = (props: CertificateProps, tls: TlsSettings = {}) => {
  const system = testSystem({ tls: { enabled: true, ...tls } });
  const certificate = Certificates.of(system.layer('data')).issue(props);
  return { certificate, objects: finished(system) };
};
const specOf = (props: CertificateProps, tls?: TlsSettings) =>
  issued(props, tls).objects.one('Certificate', props.name).spec;

describe('Certificates', () => {
  test('are off unless they are asked for, and then there is nothing of them', () => {
    const system = testSystem();
    expect(Certificates.of(system).enabled).toBe(false);
    expect(finished(system).objects.map(({ kind }) => kind)).not.toContain('Issuer');
    expect(Certificates.of(testSystem({ tls: { enabled: true } })).enabled).toBe(true);
  });

  test('one of a server holds every form of its names, and that of its own pod', () => {
    const { dnsNames, usages } = specOf({ name: 'db', hosts: ['db', 'db-0.db'] });
    expect(dnsNames).toEqual([
      'db',
      'db.shop',
      'db.shop.svc',
      'db.shop.svc.cluster.local',
      'db-0.db',
      'db-0.db.shop',
      'db-0.db.shop.svc',
      'db-0.db.shop.svc.cluster.local',
      'localhost',
    ]);
    expect(usages).toEqual(['digital signature', 'server auth']);
  });

  test('one of a client alone is none for servers', () => {
    expect(specOf({ name: 'admin', client: true }).usages).toEqual(['digital signature', 'client auth']);
    expect(specOf({ name: 'kafka', hosts: ['kafka'], client: true }).usages).toEqual([
      'digital signature',
      'server auth',
      'client auth',
    ]);
  });

  test('a key and its certificate in one file, where that is wanted', () => {
    expect(specOf({ name: 'db', hosts: ['db'] })).not.toHaveProperty('additionalOutputFormats');
    const { additionalOutputFormats } = specOf({ name: 'kafka', hosts: ['kafka'], combined: true });
    expect(additionalOutputFormats).toEqual([{ type: 'CombinedPEM' }]);
  });

  test('are renewed with a new key when a third of their time is left, or when the settings say', () => {
    const { duration, renewBefore, privateKey } = specOf({ name: 'db', hosts: ['db'] });
    expect([duration, renewBefore, privateKey.rotationPolicy]).toEqual(['2160h0m0s', '720h0m0s', 'Always']);
    const short = specOf({ name: 'db', hosts: ['db'] }, { durationDays: 10, renewBeforeDays: 4 });
    expect([short.duration, short.renewBefore]).toEqual(['240h0m0s', '96h0m0s']);
    expect(specOf({ name: 'db', hosts: ['db'] }, { durationDays: 2 }).renewBefore).toBe('24h0m0s');
  });

  test('are signed by an authority of the system, made once, whose key stays', () => {
    const system = testSystem({ tls: { enabled: true } });
    for (const name of ['db', 'cache']) Certificates.of(system).issue({ name, hosts: [name] });
    const objects = finished(system);
    expect(objects.all('Issuer').map(({ metadata }) => metadata.name)).toEqual(['self-signed', 'internal-ca']);
    expect(objects.one('Issuer', 'internal-ca').spec.ca.secretName).toBe(
      objects.one('Certificate', 'internal-ca').spec.secretName,
    );
    expect(objects.one('Certificate', 'internal-ca').spec).toMatchObject({
      isCA: true,
      privateKey: { rotationPolicy: 'Never' },
    });
    for (const name of ['db', 'cache']) {
      expect(objects.one('Certificate', name).spec.issuerRef).toMatchObject({ kind: 'Issuer', name: 'internal-ca' });
    }
  });

  test('are signed by another issuer, where there is one', () => {
    const issuer = { kind: 'ClusterIssuer' as const, name: 'corporate' };
    const { objects } = issued({ name: 'db', hosts: ['db'] }, { issuer });
    expect(objects.one('Certificate', 'db').spec.issuerRef).toEqual({ group: 'cert-manager.io', ...issuer });
    expect(objects.all('Issuer')).toEqual([]);
  });

  test('are valid for cert-manager', () => {
    const { objects } = issued({ name: 'kafka', hosts: ['kafka'], client: true, combined: true });
    const own = objects.objects.filter(({ apiVersion }) => apiVersion === 'cert-manager.io/v1');
    expect(own).toHaveLength(4);
    expect(own.flatMap((object) => schemaErrors(object, '1.30'))).toEqual([]);
  });

  test('a renewal that would begin before the certificate is refused', () => {
    const tls = { enabled: true, durationDays: 30, renewBeforeDays: 30 };
    expect(() => testSystem({ tls })).toThrow(
      'tls.renewBeforeDays: expected less than tls.durationDays (30), got 30; lower it, or let certificates live longer',
    );
  });

  test('keys that cert-manager fills are declared, and others are not', () => {
    const { objects } = issued({ name: 'db', hosts: ['db'] });
    const reader = (key: string) => ({
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'shop' },
      spec: { template: { spec: { volumes: [{ secret: { secretName: 'db-tls', items: [{ key }] } }] } } },
    });
    const problems = (key: string) => manifestProblems([...objects.objects, reader(key)], { secrets: [] });
    expect(problems('ca.crt')).toEqual([]);
    expect(problems('tls-combined.pem')).toEqual([
      expect.stringContaining('reads db-tls/tls-combined.pem of a Secret'),
    ]);
  });
});
