import { validators } from '../settings/validators';
import { SYSTEMS } from '../systems';
import { cost } from './cost/command';

process.exitCode = cost(process.argv.slice(2), { systems: SYSTEMS, validators });
