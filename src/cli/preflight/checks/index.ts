import type { Check } from '../finding';
import { CERTIFICATES } from './certificates';
import { DAPR } from './dapr';
import { EDGE } from './edge';
import { KYVERNO } from './kyverno';
import { LIVE } from './live';
import { METRICS } from './metrics';
import { NAMESPACE } from './namespace';
import { NETWORK } from './network';
import { PLACES } from './nodes';
import { POLICY } from './policies';
import { ROLLOUTS } from './rollouts';
import { SECRETS } from './secrets';
import { SERVER } from './server';
import { STORAGE } from './storage';

/** Everything that is asked, in the order in which it is told. A new prerequisite is one more {@link Check}. */
export const CHECKS: readonly Check[] = [
  ...SERVER,
  ...NAMESPACE,
  ...PLACES,
  ...STORAGE,
  ...NETWORK,
  ...EDGE,
  ...CERTIFICATES,
  ...METRICS,
  ...DAPR,
  ...ROLLOUTS,
  ...SECRETS,
  ...POLICY,
  ...KYVERNO,
  ...LIVE,
];
