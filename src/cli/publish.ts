import { validators } from '../settings/validators';
import { SYSTEMS } from '../systems';
import { publish } from './publish/command';

process.exitCode = publish(process.argv.slice(2), { systems: SYSTEMS, validators });
