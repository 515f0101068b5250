import type { IConstruct } from 'constructs';

import type { Cloud, CloudProfile } from '../cloud';
import { ValidationError } from '../validation-error';
import { aws, type AwsSettings } from './aws';
import { azure, type AzureSettings } from './azure';
import { gcp, type GcpSettings } from './gcp';
import { generic, type GenericSettings } from './generic';

/** Every cloud. To add one, write its file and name it here and in the settings below. */
const CLOUDS = { generic, aws, gcp, azure };

/** The cloud on which the cluster runs. */
export interface CloudSettings {
  /**
   * Its provider; `generic` makes nothing that only one cloud would understand.
   * @default generic
   */
  readonly provider?: 'generic' | 'aws' | 'gcp' | 'azure';

  /**
   * What is to be known of a cluster on no cloud of these, for `provider: generic`.
   * @default - nothing
   */
  readonly generic?: GenericSettings;

  /**
   * Amazon Web Services, for `provider: aws`.
   * @default - the cluster runs elsewhere
   */
  readonly aws?: AwsSettings;

  /**
   * Google Cloud, for `provider: gcp`.
   * @default - the cluster runs elsewhere
   */
  readonly gcp?: GcpSettings;

  /**
   * Microsoft Azure, for `provider: azure`.
   * @default - the cluster runs elsewhere
   */
  readonly azure?: AzureSettings;
}

/** Fills in defaults. Refuses the settings of a cloud that was not chosen. */
export function resolveCloud(scope: IConstruct, settings: CloudSettings = {}): Cloud {
  const { provider = 'generic', ...others } = settings;
  const foreign = Object.keys(others).find((name) => name !== provider && others[name as keyof typeof others]);
  if (foreign) {
    const found = `is set, and the cloud is ${provider}`;
    throw new ValidationError(scope, `cloud.${foreign}`, `${found}; set cloud.provider: ${foreign}, or remove it`);
  }
  const profile: CloudProfile<never> = CLOUDS[provider];
  return profile.resolve(scope, others[provider as keyof typeof others] as never);
}
