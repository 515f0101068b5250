import { validators } from '../settings/validators';
import { SYSTEMS } from '../systems';
import { preflight } from './preflight/command';

void preflight(process.argv.slice(2), { systems: SYSTEMS, validators }).then((code) => (process.exitCode = code));
