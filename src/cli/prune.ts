import { prune } from './prune/command';

void prune(process.argv.slice(2)).then((code) => (process.exitCode = code));
