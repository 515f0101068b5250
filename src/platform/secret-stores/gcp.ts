import { OWN_STORE, type SecretStoreProvider } from './provider';

/** Google Secret Manager, which the operator calls by Workload Identity. */
export interface GcpStoreSettings {
  /**
   * Project of the secrets.
   * @pattern ^[a-z][-a-z0-9]{4,28}[a-z0-9]$
   * @title the id of a project
   */
  readonly project: string;

  /**
   * Google service account that the ServiceAccount `external-secrets` of the namespace may act as.
   * @pattern ^[a-z][-a-z0-9]{4,28}[a-z0-9]@[a-z][-a-z0-9]{4,28}[a-z0-9][.]iam[.]gserviceaccount[.]com$
   * @title a service account such as todo-secrets@project-id.iam.gserviceaccount.com
   */
  readonly serviceAccount: string;

  /**
   * Zone or region of the cluster.
   * @pattern ^[a-z]+-[a-z]+[0-9](-[a-z])?$
   * @title a location such as europe-west3
   * @default - the operator asks the node that it runs on
   */
  readonly clusterLocation?: string;

  /**
   * Name of the cluster.
   * @pattern ^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$
   * @title the name of a cluster
   * @default - the operator asks the node that it runs on
   */
  readonly clusterName?: string;
}

/** How Secret Manager is reached. */
export function gcpStore({
  project,
  serviceAccount,
  clusterLocation,
  clusterName,
}: GcpStoreSettings): SecretStoreProvider {
  return {
    connection: (name) => ({
      gcpsm: {
        projectID: project,
        auth: { workloadIdentity: { clusterLocation, clusterName, serviceAccountRef: { name } } },
      },
    }),
    identity: { 'iam.gke.io/gcp-service-account': serviceAccount },
    reference: OWN_STORE,
    // Its names know letters, digits, dashes and underscores only.
    separator: '--',
    longestName: 255,
  };
}
