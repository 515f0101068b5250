/** The library's public face: what is not exported here may change at any time. */

export * from '../imports/k8s';
export { KubeObject, type KubeObjectProps } from '../imports/kube-object';
export { type ExporterSettings } from './workload/exporter';
export { Postgres, type PostgresSettings, type SqlName } from './data/postgres';
export { type EvictionPolicy, Redis, type RedisSettings } from './data/redis';
export {
  type Endpoint,
  type IConnectable,
  type ListeningPort,
  type Peer,
  type SecretVariable,
  type WaitFor,
  type WaitForImage,
} from './network/connectable';
export { type Connection, Connections } from './network/connections';
export { Access, type AccessSettings } from './platform/access';
export { Layer, type LayerName } from './platform/layers';
export { type DnsLabel, type Port, type Seconds, type UnprivilegedPort } from './platform/names';
export { type Bytes, type Cpu } from './platform/quantity';
export { type SecretDeclaration, type SecretKey, Secrets } from './platform/secrets';
export {
  type PrometheusSettings,
  type QuotaSettings,
  System,
  type SystemProps,
  type SystemSettings,
} from './platform/system';
export {
  type ApplicationSettings,
  type LogLevel,
  type SecretVariableSettings,
  type UseOptions,
} from './workload/application';
export { type AutoscalingSettings, type Percent, type ScalingSpeedSettings } from './workload/autoscaling';
export { type DisruptionBudgetSettings } from './workload/disruption';
export { type HealthSettings, type ProbeSettings } from './workload/health';
export { type ImageSettings } from './workload/image';
export { type ApplicationProfile, type WritablePath } from './workload/image-profiles';
export { type MigrationsSettings } from './workload/migrations';
export { type ResourceAmounts, type ResourcesSettings } from './workload/resources';
export { type SpreadRule, type SpreadSettings } from './workload/spread';
export { type StorageSettings } from './workload/stateful';
export { Task, type TaskSettings } from './workload/task';
export {
  type MetricsSettings,
  type RolloutSettings,
  type ShutdownSettings,
  WebService,
  type WebServiceSettings,
} from './workload/web-service';
export { Workload, type WorkloadIdentity } from './workload/workload';
