import type { CloudProfile } from '../cloud';
import { ValidationError } from '../validation-error';

/** Any cluster: nothing that only one cloud would understand. */
export const generic: CloudProfile<never> = {
  provider: 'generic',
  resolve: () => ({
    provider: 'generic',
    identity(scope, field, identity) {
      const found = `expected a cloud that gives identities, got "${identity}" for cloud.provider: generic`;
      throw new ValidationError(scope, field, `${found}; set cloud.provider to aws, gcp or azure, or remove it`);
    },
  }),
};
