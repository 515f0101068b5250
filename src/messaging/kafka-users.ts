import type { Construct } from 'constructs';

import type { KubeJob } from '../../imports/k8s';
import { Connections } from '../network/connections';
import type { ResolvedImage } from '../workload/image';
import { renderJob } from '../workload/job';
import type { Pod } from '../workload/pod';
import { Workload } from '../workload/workload';
import { setPassword, USERNAME } from './kafka-logins';
import type { Administration, KafkaSecurity } from './kafka-security';
import { renderToolPod } from './tool-pod';
import { versionOf } from '../platform/image-reference';

const CREDENTIALS_MOUNT = '/run/secrets/kafka-users';

/** Gives each user the password of its file; who has it already gets it again. Who takes turns with it is left alone. */
export const usersScript = ({ preparation, flags }: Administration) => `set -eu
cd ${CREDENTIALS_MOUNT}
${preparation}for file in *${USERNAME}; do
  user=$(cat "$file") password=$(cat "\${file%${USERNAME}}")
  ${setPassword(`kafka-configs ${flags}`, '"$user"', '"$password"').replace('\n', '\n  ')}
done
`;

/** What makes the users of a cluster. */
export interface KafkaUsersProps {
  readonly image: ResolvedImage;
  readonly security: KafkaSecurity;
  readonly administration: Administration;
}

/** A Job that makes the users of a cluster and sets their passwords; to run it again changes nothing for those who know them. */
export class KafkaUsers extends Workload {
  /** The Job. */
  public readonly job: KubeJob;

  public constructor(
    scope: Construct,
    id: string,
    private readonly props: KafkaUsersProps,
  ) {
    super(scope, id, { component: 'task', version: versionOf(props.image) });
    Connections.of(this).allow(this.peer, props.administration.endpoint);
    this.job = renderJob(this, { retries: 6, deadlineSeconds: 1800, pod: () => this.renderPod() });
  }

  private renderPod(): Pod {
    const { image, security, administration } = this.props;
    const files = security.users.flatMap(({ secret, name, password }) =>
      [name, password].map((key) => ({ path: `${CREDENTIALS_MOUNT}/${key}`, secret, key })),
    );
    return renderToolPod(this, {
      name: 'users',
      image,
      script: usersScript(administration),
      administration,
      files,
    });
  }
}
