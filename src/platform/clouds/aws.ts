import type { IConstruct } from 'constructs';

import { type CloudIdentity, type CloudProfile, type CloudVolumeSettings, httpsEndpoint } from '../cloud';
import type { Cidr } from '../names';
import { ValidationError } from '../validation-error';

/** What is to be known of Amazon Web Services. */
export interface AwsSettings extends CloudVolumeSettings {
  /**
   * Region of the cluster, in `AWS_REGION` of applications with an identity.
   * @pattern ^[a-z]{2}(-[a-z]+)+-[0-9]$
   * @title a region such as eu-central-1
   */
  readonly region: string;

  /**
   * ARN of the key that encrypts volumes, of the same region.
   * @pattern ^arn:aws[-a-z]*:kms:[-a-z0-9]+:[0-9]{12}:(key|alias)/[-_/A-Za-z0-9]+$
   * @title the ARN of a key such as arn:aws:kms:eu-central-1:111122223333:key/…
   * @default - the account's key for EBS
   */
  readonly kmsKey?: string;

  /**
   * How pods get the role that they assume: `irsa` by the ServiceAccount's annotation and a token of the cluster,
   * `pod-identity` by the agent on the node and an association that is made outside.
   * @default irsa
   */
  readonly identity?: 'irsa' | 'pod-identity';

  /**
   * Addresses of the VPC endpoint of STS, which gives roles out for `irsa`.
   * @minItems 1
   * @default - every public address, on port 443
   */
  readonly stsCidrs?: Cidr[];
}

/** Where the agent of EKS Pod Identity listens on every node. */
const POD_IDENTITY_AGENT = { name: 'eks-pod-identity-agent', cidrs: ['169.254.170.23/32'], ports: [80] };

const ROLE = /^arn:aws[-a-z]*:iam::[0-9]{12}:role\/[\w+=,.@/-]+$/;

/** Amazon Web Services: EBS volumes, roles for ServiceAccounts, NLB and ALB. */
export const aws: CloudProfile<AwsSettings> = {
  provider: 'aws',
  resolve(scope, settings) {
    if (!settings) {
      throw new ValidationError(scope, 'cloud.aws', 'expected the settings of AWS, got none; give cloud.aws.region');
    }
    const { region, kmsKey, stsCidrs, identity: way = 'irsa', reclaimPolicy = 'Retain' } = settings;
    const sts = httpsEndpoint('aws-sts', stsCidrs);
    checkRegion(scope, 'cloud.aws.kmsKey', region, kmsKey);
    return {
      provider: 'aws',
      volumes: {
        provisioner: 'ebs.csi.aws.com',
        parameters: {
          type: 'gp3',
          encrypted: 'true',
          ...(kmsKey ? { kmsKeyId: kmsKey } : {}),
        },
        reclaimPolicy,
      },
      // As managed node groups mark them, and as Karpenter and EKS Auto Mode do. Neither keeps other pods away.
      spotNodes: {
        nodeLabels: [
          ['eks.amazonaws.com/capacityType', 'SPOT'],
          ['karpenter.sh/capacity-type', 'spot'],
        ],
        tolerations: [],
      },
      loadBalancer: (scheme) => ({
        'service.beta.kubernetes.io/aws-load-balancer-nlb-target-type': 'ip',
        'service.beta.kubernetes.io/aws-load-balancer-scheme': scheme,
        'service.beta.kubernetes.io/aws-load-balancer-type': 'external',
      }),
      identity(owner, field, role): CloudIdentity {
        checkRole(owner, field, role);
        const environment = { AWS_REGION: region };
        if (way === 'pod-identity') {
          return { annotations: {}, podLabels: {}, endpoints: [POD_IDENTITY_AGENT], environment };
        }
        const annotations = {
          'eks.amazonaws.com/role-arn': role,
          'eks.amazonaws.com/sts-regional-endpoints': 'true',
        };
        return { annotations, podLabels: {}, endpoints: [sts], environment };
      },
    };
  },
};

/** Refuses what belongs to another region than the cluster, which could not use it. */
function checkRegion(scope: IConstruct, field: string, region: string, arn: string | undefined): void {
  const found = arn?.split(':')[3];
  if (found === undefined || found === region) return;
  throw new ValidationError(scope, field, `expected an ARN in ${region}, got one in ${found}; name one of that region`);
}

function checkRole(scope: IConstruct, field: string, role: string): void {
  if (ROLE.test(role)) return;
  const expected = 'expected the ARN of a role such as arn:aws:iam::111122223333:role/shop';
  throw new ValidationError(scope, field, `${expected}, got "${role}"; name a role of IAM`);
}
