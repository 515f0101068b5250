import { validators } from '../settings/validators';
import { SYSTEMS } from '../systems';
import { release } from './release/command';

void release(process.argv.slice(2), { systems: SYSTEMS, validators }).then((code) => (process.exitCode = code));
