import { synth } from './src/cli/synth';
import { validators } from './src/settings/validators';
import { SYSTEMS } from './src/systems';

process.exitCode = synth(process.argv.slice(2), { systems: SYSTEMS, validators });
