import type { Construct } from 'constructs';

import type { KubeJob } from '../../imports/k8s';
import { Connections } from '../network/connections';
import type { ResolvedImage } from '../workload/image';
import { renderJob } from '../workload/job';
import type { Pod } from '../workload/pod';
import { versionOf, Workload } from '../workload/workload';
import { type Administration, type KafkaSecurity, SCRAM } from './kafka-security';
import { renderToolPod } from './tool-pod';

const CREDENTIALS_MOUNT = '/run/secrets/kafka-users';

/**
 * Gives each user the password of its file; who has it already gets it again. The tool reads passwords from a file, so that
 * they are never an argument that others could see.
 */
export const usersScript = ({ preparation, flags }: Administration) => `set -eu
umask 077
${preparation}for file in ${CREDENTIALS_MOUNT}/*; do
  user=\${file##*/}
  printf '${SCRAM}=iterations=8192,password=%s\\n' "$(cat "$file")" > /tmp/credential
  kafka-configs ${flags} --alter --entity-type users --entity-name "$user" --add-config-file /tmp/credential
  rm /tmp/credential
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
    const passwords = security.users.map((user) => ({
      path: `${CREDENTIALS_MOUNT}/${user}`,
      secret: security.credentials,
      key: user,
    }));
    return renderToolPod(this, {
      name: 'users',
      image,
      script: usersScript(administration),
      administration,
      files: passwords,
    });
  }
}
