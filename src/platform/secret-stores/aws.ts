import { OWN_STORE, type SecretStoreProvider } from './provider';

/** AWS Secrets Manager. */
export interface AwsStoreSettings {
  /**
   * Region of the secrets.
   * @pattern ^[a-z]{2}(-[a-z]+)+-[0-9]$
   * @title a region such as eu-central-1
   */
  readonly region: string;

  /**
   * Role that the ServiceAccount `external-secrets` of the namespace may take (IRSA).
   * @pattern ^arn:aws[-a-z]*:iam::[0-9]{12}:role/[-A-Za-z0-9+=,.@_/]{1,512}$
   * @title the ARN of a role, such as arn:aws:iam::123456789012:role/todo-secrets
   * @default - the operator's own identity, as Pod Identity gives it
   */
  readonly roleArn?: string;
}

/** How Secrets Manager is reached. */
export function awsStore({ region, roleArn }: AwsStoreSettings): SecretStoreProvider {
  return {
    connection: (serviceAccount) => ({
      aws: {
        service: 'SecretsManager',
        region,
        auth: roleArn ? { jwt: { serviceAccountRef: { name: serviceAccount } } } : undefined,
      },
    }),
    identity: roleArn ? { 'eks.amazonaws.com/role-arn': roleArn } : undefined,
    reference: OWN_STORE,
    separator: '/',
    longestName: 512,
  };
}
