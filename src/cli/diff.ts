import { diff } from './diff/command';

process.exitCode = diff(process.argv.slice(2));
