import { stringify } from 'yaml';

/** Pods whose image has this tag cannot be started: there is no such image. */
export const BROKEN_TAG = 'cannot-be-pulled';

/** Set on a pod when all that its init containers wait for is there; see `waits.ts`. */
export const WAITED = 'stand-in.example.com/waited';

/** Set on a pod of a Job: how long it runs, such as `30s`. */
export const RUNS_FOR = 'stand-in.example.com/runs-for';

/** Set on a pod: how long it takes to end once it is told to. */
export const ENDS_AFTER = 'stand-in.example.com/ends-after';

const now = '{{ Now | Quote }}';

const condition = (type: string, status: 'True' | 'False') => `
- type: ${type}
  status: "${status}"
  lastTransitionTime: ${now}`;

const containers = (field: string, list: string, state: string, ready: boolean) => `
{{ if ${list} }}
${field}:
{{ range ${list} }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: ${ready}
  started: ${ready}
  restartCount: 0
  state:
    ${state}
{{ end }}
{{ end }}`;

const waiting = (reason: string) => `waiting: { reason: ${reason} }`;
const running = `running: { startedAt: ${now} }`;
const completed = `terminated: { exitCode: 0, reason: Completed, startedAt: ${now}, finishedAt: ${now} }`;

type Match = [key: string, operator: 'Exists' | 'DoesNotExist' | 'In' | 'NotIn', ...values: string[]];

/** After so many milliseconds, or after what this annotation of the pod says. */
const delayOf = (milliseconds: number, annotation?: string) => ({
  durationMilliseconds: milliseconds,
  ...(annotation ? { durationFrom: { expressionFrom: `.metadata.annotations["${annotation}"]` } } : {}),
});

const stage = (name: string, delay: number | object, matches: Match[], next: object) =>
  stringify({
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'Stage',
    metadata: { name },
    spec: {
      resourceRef: { apiGroup: 'v1', kind: 'Pod' },
      selector: {
        matchExpressions: matches.map(([key, operator, ...values]) => ({
          key,
          operator,
          ...(values.length > 0 ? { values } : {}),
        })),
      },
      delay: typeof delay === 'number' ? delayOf(delay) : delay,
      next,
    },
  });

const living: Match = ['.metadata.deletionTimestamp', 'DoesNotExist'];
const isOf = (type: string) => `.status.conditions.[] | select( .type == "${type}" ) | .status`;
const waits = '.spec.initContainers.[].name | select(startswith("wait-for-"))';
const broken = `.spec.containers.[].image | select(endswith(":${BROKEN_TAG}"))`;

const initialized = {
  statusTemplate: [
    'conditions:',
    condition('Initialized', 'True'),
    containers('initContainerStatuses', '.spec.initContainers', completed, true),
    containers('containerStatuses', '.spec.containers', waiting('ContainerCreating'), false),
  ].join('\n'),
};

/**
 * What stands in for the kubelets: pods get an address, wait for what they need, become ready a second later, and take a
 * second to end, so that there is time to see two of them missing at once. Jobs complete.
 */
export const podStages = (): string =>
  [
    stage('pod-start', 100, [living, ['.status.podIP', 'DoesNotExist']], {
      statusTemplate: [
        'conditions:',
        condition('Initialized', 'False'),
        condition('Ready', 'False'),
        condition('ContainersReady', 'False'),
        containers('initContainerStatuses', '.spec.initContainers', waiting('PodInitializing'), false),
        containers('containerStatuses', '.spec.containers', waiting('PodInitializing'), false),
        'hostIP: {{ NodeIPWith .spec.nodeName | Quote }}',
        'podIP: {{ PodIPWith .spec.nodeName false .metadata.uid .metadata.name .metadata.namespace | Quote }}',
        'phase: Pending',
        `startTime: ${now}`,
      ].join('\n'),
    }),
    stage(
      'pod-initialize',
      200,
      [living, ['.status.podIP', 'Exists'], [isOf('Initialized'), 'NotIn', 'True'], [waits, 'DoesNotExist']],
      initialized,
    ),
    stage(
      'pod-waited',
      100,
      [
        living,
        ['.status.podIP', 'Exists'],
        [isOf('Initialized'), 'NotIn', 'True'],
        [`.metadata.annotations["${WAITED}"]`, 'In', 'true'],
      ],
      initialized,
    ),
    stage(
      'pod-broken',
      200,
      [
        living,
        [isOf('Initialized'), 'In', 'True'],
        [broken, 'Exists'],
        ['.status.containerStatuses.[].state.waiting.reason', 'NotIn', 'ImagePullBackOff'],
      ],
      { statusTemplate: containers('containerStatuses', '.spec.containers', waiting('ImagePullBackOff'), false) },
    ),
    stage(
      'pod-ready',
      1000,
      [living, [isOf('Initialized'), 'In', 'True'], ['.status.phase', 'In', 'Pending'], [broken, 'DoesNotExist']],
      {
        statusTemplate: [
          'conditions:',
          condition('Ready', 'True'),
          condition('ContainersReady', 'True'),
          containers('containerStatuses', '.spec.containers', running, true),
          'phase: Running',
        ].join('\n'),
      },
    ),
    stage(
      'pod-complete',
      delayOf(1000, RUNS_FOR),
      [living, ['.status.phase', 'In', 'Running'], ['.metadata.ownerReferences.[].kind', 'In', 'Job']],
      {
        statusTemplate: [
          'conditions:',
          condition('Ready', 'False'),
          containers('containerStatuses', '.spec.containers', completed, false),
          'phase: Succeeded',
        ].join('\n'),
      },
    ),
    stage(
      'pod-delete',
      delayOf(1000, ENDS_AFTER),
      [
        ['.metadata.deletionTimestamp', 'Exists'],
        ['.metadata.finalizers', 'DoesNotExist'],
      ],
      { delete: true },
    ),
  ].join('---\n');
