import type { IConstruct } from 'constructs';

import type { CloudProfile } from '../cloud';
import type { LabelValue } from '../names';
import { ValidationError } from '../validation-error';

/** Something that keeps other pods away from a node. */
export interface SpotTaintSettings {
  /**
   * Its key.
   * @pattern ^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$
   * @title the key of a taint such as example.com/spot
   */
  readonly key: string;

  /**
   * Its value.
   * @default - whatever it is
   */
  readonly value?: LabelValue;

  /**
   * What it does to pods that do not tolerate it.
   * @default NoSchedule
   */
  readonly effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

/** How a cluster marks the nodes that may be taken back. */
export interface SpotNodesSettings {
  /**
   * Labels of such nodes; where there are several, each is one way in which they are marked.
   * @minProperties 1
   * @propertyNames {"pattern": "^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$", "title": "a label name such as example.com/spot"}
   */
  readonly labels: { [label: string]: LabelValue };

  /**
   * What keeps other pods away from them.
   * @default []
   */
  readonly taints?: SpotTaintSettings[];
}

/** What is to be known of a cluster that is on no cloud we know. */
export interface GenericSettings {
  /**
   * How it marks nodes that may be taken back, for applications with `spot: true`.
   * @default - it has none
   */
  readonly spotNodes?: SpotNodesSettings;
}

/** Any cluster: nothing that only one cloud would understand. */
export const generic: CloudProfile<GenericSettings> = {
  provider: 'generic',
  resolve: (scope, settings) => ({
    provider: 'generic',
    spotNodes: settings?.spotNodes && {
      nodeLabels: sorted(scope, settings.spotNodes.labels),
      tolerations: (settings.spotNodes.taints ?? []).map(({ key, value, effect = 'NoSchedule' }) =>
        value === undefined ? { key, operator: 'Exists', effect } : { key, operator: 'Equal', value, effect },
      ),
    },
    identity(owner, field, identity) {
      const found = `expected a cloud that gives identities, got "${identity}" for cloud.provider: generic`;
      throw new ValidationError(owner, field, `${found}; set cloud.provider to aws, gcp or azure, or remove it`);
    },
  }),
};

/** The order in which a file lists labels means nothing. */
function sorted(scope: IConstruct, labels: SpotNodesSettings['labels']): [string, string][] {
  const entries = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length > 0) return entries;
  const found = 'expected at least one label, got none';
  throw new ValidationError(
    scope,
    'cloud.generic.spotNodes.labels',
    `${found}; name what such nodes have, or remove it`,
  );
}
