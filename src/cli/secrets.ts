import { validators } from '../settings/validators';
import { SYSTEMS } from '../systems';
import { secrets } from './secrets/command';

void secrets(process.argv.slice(2), { systems: SYSTEMS, validators }).then((code) => (process.exitCode = code));
