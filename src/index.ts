/** The library's public face: what is not exported here may change at any time. */

export * from '../imports/application-gateway';
export * from '../imports/argo-rollouts';
export * from '../imports/calico';
export * from '../imports/cert-manager';
export * from '../imports/cilium';
export * from '../imports/dapr';
export * from '../imports/envoy-gateway';
export * from '../imports/external-secrets';
export * from '../imports/fluent-bit';
export * from '../imports/gateway-api';
export * from '../imports/gke';
export * from '../imports/k8s';
export * from '../imports/kyverno';
export * from '../imports/prometheus';
export * from '../imports/vertical-pod-autoscaler';
export { KubeObject, type KubeObjectProps } from '../imports/kube-object';
export { type ExporterSettings } from './workload/exporter';
export {
  type BackupFiguresSettings,
  type BackupInterval,
  type BackupSettings,
  type DrillInterval,
  type DrillSettings,
} from './data/backup-settings';
export { type ObjectStoreSettings, type ObjectStoreType } from './backup/object-store-settings';
export { Postgres } from './data/postgres';
export { type ReadReplicasSettings } from './data/postgres-replica-settings';
export { type PostgresAlertsSettings } from './data/postgres-alerts';
export { type PostgresSettings, type SqlName } from './data/postgres-settings';
export { type StandbySettings } from './data/postgres-standby-settings';
export { Redis } from './data/redis';
export { type RedisAlertsSettings } from './data/redis-alerts';
export {
  type RedisBackupSettings,
  type SnapshotFiguresSettings,
  type SnapshotInterval,
} from './data/redis-backup-settings';
export { type EvictionPolicy, type RedisMode, type RedisSettings } from './data/redis-settings';
export { SmokeTest } from './delivery/smoke-test';
export { type SmokeCheckSettings, type SmokeTestSettings } from './delivery/smoke-test-settings';
export {
  type Endpoint,
  type IAuthenticator,
  type IConnectable,
  type ListeningPort,
  type Peer,
  type SecretVariable,
  type WaitFor,
  type WaitForImage,
} from './network/connectable';
export { type Connection, Connections } from './network/connections';
export { ExternalService } from './network/external-service';
export {
  type ExternalSecretSettings,
  type ExternalServiceSettings,
  type WaitImageSettings,
} from './network/external-service-settings';
export { Access, type AccessSettings } from './platform/access';
export { type CloudVolumeSettings, type LoadBalancerScheme, type ReclaimPolicy } from './platform/cloud';
export { type CloudSettings } from './platform/clouds';
export { type AwsSettings } from './platform/clouds/aws';
export { type AzureSettings } from './platform/clouds/azure';
export { type GcpSettings } from './platform/clouds/gcp';
export { type GenericSettings, type SpotNodesSettings, type SpotTaintSettings } from './platform/clouds/generic';
export {
  type CertificateIssuerSettings,
  type CertificateProps,
  Certificates,
  IssuedCertificate,
  type TlsSettings,
} from './platform/certificates';
export {
  type AppArmor,
  type PodsSettings,
  type PreemptionPolicy,
  type PrioritySettings,
  type PriorityValue,
} from './platform/pod-defaults';
export { Layer, type LayerName } from './platform/layers';
export {
  type Cidr,
  type DnsLabel,
  type HostName,
  type Port,
  type SecretKeyName,
  type Seconds,
  type UnprivilegedPort,
} from './platform/names';
export {
  type ImagePattern,
  type LabelName,
  type PoliciesSettings,
  type PolicyAction,
  type PolicyEngine,
  type PolicyExceptionSettings,
  type PolicyRuleName,
  type PublicKey,
  type RegistryPath,
  type SignedImagesSettings,
  type SignerIdentitySettings,
} from './platform/policies/settings';
export { type Bytes, type Cpu } from './platform/quantity';
export type { DeliverySettings } from './platform/delivery-settings';
export { type ProtectionSettings } from './platform/protection';
export { type Duration } from './platform/duration';
export { Namespace, type SystemNamespaceProps } from './platform/namespace';
export { type NamespaceAlertsSettings } from './platform/namespace-alerts-settings';
export { type PrometheusSettings, type Scraping } from './platform/prometheus-settings';
export { type QuotaAmounts, type QuotaProps, type QuotaSettings } from './platform/quota';
export { type SecretFile } from './platform/secret-file';
export { type SecretsSettings, type SecretStoreSettings } from './platform/secret-source';
export { type AwsStoreSettings } from './platform/secret-stores/aws';
export { type AzureStoreSettings, type Uuid } from './platform/secret-stores/azure';
export { type ExistingStoreSettings } from './platform/secret-stores/existing';
export { type GcpStoreSettings } from './platform/secret-stores/gcp';
export { type VaultStoreSettings } from './platform/secret-stores/vault';
export {
  type SecretDeclaration,
  type SecretKey,
  type SecretRotation,
  Secrets,
  type SecretServer,
} from './platform/secrets';
export { System } from './platform/system';
export type { AlertRules, NetworkPolicies, SystemProps, SystemSettings } from './platform/system-settings';
export { type ApplicationSettings, type IUseListener, type LogLevel, type UseOptions } from './workload/application';
export { ApplicationTask, type ApplicationTaskSettings, type TaskTrigger } from './workload/application-task';
export { type AutoscalingSettings, type Percent, type ScalingSpeedSettings } from './workload/autoscaling';
export {
  type AutoscalingMetricSettings,
  type MeasuredResource,
  type MetricTargetSettings,
  type MetricValue,
} from './workload/autoscaling-metrics';
export { type CronSchedule, type TimeZone } from './workload/cron';
export { type DisruptionBudgetSettings } from './workload/disruption';
export { type HealthSettings, type ProbeSettings } from './workload/health';
export { type ImageSettings } from './workload/image';
export { type ApplicationProfile, type WritablePath } from './workload/image-profiles';
export { type IApplication } from './workload/lent-pod';
export { type LockType } from './workload/lock';
export { type MetricName, type MetricsSettings } from './workload/metrics-settings';
export { type MigrationsRun, type MigrationsSettings } from './workload/migrations';
export { type LatencyObjectiveSettings, type ObjectivesSettings } from './workload/objectives';
export { type ReplicatedSettings } from './workload/replicated-settings';
export { type ResourceAmounts, type ResourcesSettings } from './workload/resources';
export { type SecretVariableSettings } from './workload/secret-variable';
export { type RolloutSettings } from './workload/rollout';
export { type ShutdownSettings } from './workload/shutdown';
export { type SpreadRule, type SpreadSettings } from './workload/spread';
export { StaticSite } from './workload/static-site';
export {
  type CompressionSettings,
  type MediaType,
  type SiteCacheSettings,
  type SiteFolder,
  type StaticSiteSettings,
} from './workload/static-site-settings';
export { type StorageSettings } from './workload/stateful';
export { Task, type TaskSettings } from './workload/task';
export {
  type AnalysisSettings,
  type CanaryStepSettings,
  type Colour,
  type ReleaseController,
  type ReleaseSettings,
  type ReleaseStrategy,
  type VersionSettings,
} from './workload/release';
export {
  type VerticalAutoscalingMode,
  type VerticalAutoscalingSettings,
  type VerticalBoundSettings,
} from './workload/vertical-autoscaling';
export { WebService } from './workload/web-service';
export { type WebServiceSettings } from './workload/web-service-settings';
export { type WebAlertsSettings } from './workload/web-alerts';
export { type PodAlertsSettings } from './workload/pod-alerts';
export { Worker } from './workload/worker';
export { type CommandProbeSettings, type WorkerHealthSettings } from './workload/worker-health';
export {
  type WorkerMetricsSettings,
  type WorkerSettings,
  type WorkerShutdownSettings,
} from './workload/worker-settings';
export { Workload, type WorkloadIdentity } from './workload/workload';
export { Component, type ComponentProps, type ISidecarProvider } from './dapr/component';
export { Dapr } from './dapr/dapr';
export { PubSub } from './dapr/pub-sub';
export { DaprService } from './dapr/service';
export {
  type ControlPlaneSettings,
  type DaprSettings,
  type ResiliencySettings,
  type SidecarSettings,
  type TracingSettings,
} from './dapr/settings';
export {
  type AlbSettings,
  type ApplicationGatewaySettings,
  type CertificateArn,
  type GceSettings,
  type ResourceName,
  type SubnetName,
} from './edge/cloud-settings';
export { Edge, type RouteOptions } from './edge/edge';
export { type CanaryOptions } from './edge/renderer';
export {
  type CorsSettings,
  type EdgeControllerSettings,
  type EdgeSettings,
  type EdgeType,
  type HeaderName,
  type HeaderValue,
  type HttpMethod,
  type Origin,
  type RateLimitSettings,
} from './edge/settings';
export { Kafka } from './messaging/kafka';
export { type KafkaAlertsSettings } from './messaging/kafka-alerts';
export { type KafkaSettings, type ReplicationSettings } from './messaging/kafka-settings';
export { KafkaTopics, type TopicSettings } from './messaging/topics';
export { type QuorumSize, ZooKeeper, type ZooKeeperSettings } from './messaging/zookeeper';
export { AlertRouting } from './observability/alert-routing';
export {
  type AlertLabel,
  type AlertRouteSettings,
  type AlertRoutingSettings,
  type AlertTarget,
  type PagerDutySettings,
  type QuietSettings,
  type SlackChannel,
  type SlackSettings,
  type TimeOfDay,
  type Weekday,
} from './observability/alert-routing-settings';
export { OpenTelemetryCollector } from './observability/collector';
export {
  type CollectorSettings,
  type SamplingSettings,
  type TraceBackendSettings,
  type TraceTlsSettings,
} from './observability/collector-settings';
export { Dashboard } from './observability/dashboard';
export { type DashboardSettings, type PanelSettings } from './observability/dashboard-settings';
export { Dashboards } from './observability/dashboards';
export { type PanelKind, type PanelUnit } from './platform/panels';
export { type ZooKeeperAlertsSettings } from './messaging/zookeeper-alerts';
export { LogShipping } from './observability/log-shipping';
export {
  type CloudWatchSettings,
  type LogHost,
  type LogIndexSettings,
  type LogPath,
  type LogShippingSettings,
  type LogTlsSettings,
  type LogUserSettings,
  type LokiSettings,
} from './observability/log-shipping-settings';
export { Telemetry, type TelemetrySettings } from './observability/telemetry';
