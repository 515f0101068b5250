import { endsOfLife, lifecycleWarnings } from '../../src/platform/lifecycle';
import { environments, objectsOf } from '../support/dist';

const deployment = (image: string) => ({
  kind: 'Deployment',
  metadata: {},
  spec: { template: { spec: { containers: [{ image }] } } },
});
const namesOf = (...images: string[]) => endsOfLife(images.map(deployment)).map(({ name }) => name);

test('images are known wherever they are mirrored, by their release', () => {
  expect(namesOf('confluentinc/cp-kafka:7.5.0')).toEqual(['Confluent Platform 7.5 (Kafka)']);
  expect(namesOf('mirror.example.com:5000/x/cp-zookeeper:7.5.0@sha256:abc')).toEqual([
    'ZooKeeper in Confluent Platform',
  ]);
  expect(namesOf('confluentinc/cp-kafka:8.0.0', 'acme/postgres-exporter:v16', 'postgres:17.2-alpine')).toEqual([]);
  expect(namesOf('postgres:16.13-alpine', 'postgres:16', 'postgres:12.4')).toEqual([
    'PostgreSQL 13 and older',
    'PostgreSQL 16',
  ]);
});

test('a warning tells what has ended or soon ends, the day, who says so, and what to take', () => {
  const ends = endsOfLife([deployment('postgres:16')]);
  expect(lifecycleWarnings(ends, new Date('2026-11-20'))).toEqual([]);
  expect(lifecycleWarnings(ends, new Date('2028-10-01'))).toEqual([
    'PostgreSQL 16 ends on 2028-11-09 (PostgreSQL, versioning policy); take PostgreSQL 17 or newer, by dump and restore or pg_upgrade',
  ]);
  expect(lifecycleWarnings(ends, new Date('2028-11-09'))[0]).toMatch(/^PostgreSQL 16 ended on/);
});

test('what the seeds ask for stays the default, and is told of', () => {
  const names = environments().flatMap((environment) => endsOfLife(objectsOf(environment)).map(({ name }) => name));
  expect([...new Set(names)].sort()).toEqual([
    'Confluent Platform 7.5 (Kafka)',
    'PostgreSQL 16',
    'ZooKeeper in Confluent Platform',
    'ingress-nginx',
  ]);
});
