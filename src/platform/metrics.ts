/**
 * Metrics of others that alerts and dashboards read, by who exports them. An expression is made by `series`, which takes no
 * other name. Names are those of the exporters' own documentation; test/runtime/metrics asks the exporters that run here.
 * `namespace`, `pod` and `container` are as the exporter says them (`honor_labels` for those that speak of others).
 */
export const EXPORTED_METRICS = {
  'Argo Rollouts': ['rollout_info'],
  'backups of PostgreSQL': [
    'postgres_backup_base_timestamp_seconds',
    'postgres_backup_drill_recovery_seconds',
    'postgres_backup_drill_succeeded',
    'postgres_backup_drill_timestamp_seconds',
    'postgres_backup_rpo_seconds',
    'postgres_backup_rto_seconds',
    'postgres_backup_standby_current_timestamp_seconds',
    'postgres_backup_wal_protected_timestamp_seconds',
    'postgres_backup_wal_waiting_files',
  ],
  'cAdvisor in the kubelet': ['container_cpu_usage_seconds_total', 'container_memory_working_set_bytes'],
  'cert-manager': [
    'certmanager_certificate_expiration_timestamp_seconds',
    'certmanager_certificate_ready_status',
    'certmanager_certificate_renewal_timestamp_seconds',
  ],
  daprd: [
    'dapr_component_pubsub_egress_count',
    'dapr_component_pubsub_ingress_count',
    'dapr_component_state_count',
    'dapr_http_server_request_count',
    'dapr_resiliency_activations_total',
    'dapr_runtime_service_invocation_req_sent_total',
  ],
  kafka_exporter: [
    'kafka_brokers',
    'kafka_consumergroup_lag',
    'kafka_topic_partition_current_offset',
    'kafka_topic_partition_in_sync_replica',
    'kafka_topic_partition_leader',
    'kafka_topic_partition_replicas',
    'kafka_topic_partition_under_replicated_partition',
  ],
  'kube-state-metrics': [
    'kube_cronjob_status_last_successful_time',
    'kube_deployment_status_condition',
    'kube_endpointslice_endpoints',
    'kube_endpointslice_info',
    'kube_horizontalpodautoscaler_spec_max_replicas',
    'kube_horizontalpodautoscaler_spec_min_replicas',
    'kube_horizontalpodautoscaler_status_condition',
    'kube_horizontalpodautoscaler_status_current_replicas',
    'kube_job_failed',
    'kube_job_status_start_time',
    'kube_namespace_status_phase',
    'kube_pod_container_resource_limits',
    'kube_pod_container_status_ready',
    'kube_pod_container_status_restarts_total',
    'kube_poddisruptionbudget_status_expected_pods',
    'kube_poddisruptionbudget_status_pod_disruptions_allowed',
    'kube_replicaset_spec_replicas',
    'kube_resourcequota',
  ],
  kubelet: ['kubelet_volume_stats_available_bytes', 'kubelet_volume_stats_capacity_bytes'],
  postgres_exporter: [
    'pg_database_size_bytes',
    'pg_replication_slots_active',
    'pg_settings_max_connections',
    'pg_stat_activity_count',
    'pg_stat_activity_max_tx_duration',
    'pg_stat_archiver_failed_count',
    'pg_stat_database_blks_hit',
    'pg_stat_database_blks_read',
    'pg_stat_database_deadlocks',
    'pg_stat_database_xact_commit',
    'pg_stat_database_xact_rollback',
    'pg_stat_replication_pg_current_wal_lsn_bytes',
    'pg_stat_replication_pg_wal_lsn_diff',
    'pg_up',
  ],
  'Prometheus itself': ['ALERTS', 'up'],
  redis_exporter: [
    'redis_aof_last_bgrewrite_status',
    'redis_aof_last_write_status',
    'redis_commands_processed_total',
    'redis_connected_clients',
    'redis_evicted_keys_total',
    'redis_keyspace_hits_total',
    'redis_keyspace_misses_total',
    'redis_memory_max_bytes',
    'redis_memory_used_bytes',
    'redis_rejected_connections_total',
    'redis_up',
  ],
  'zookeeper-exporter': [
    'zk_avg_latency',
    'zk_num_alive_connections',
    'zk_outstanding_requests',
    'zk_server_leader',
    'zk_up',
    'zk_znode_count',
  ],
} as const;

/** Name of a metric of the list. */
export type ExportedMetric = (typeof EXPORTED_METRICS)[keyof typeof EXPORTED_METRICS][number];

/** The series of a metric with these labels, such as `namespace="shop"`. */
export const series = (metric: ExportedMetric, ...matchers: string[]): string => `${metric}{${matchers.join(',')}}`;
