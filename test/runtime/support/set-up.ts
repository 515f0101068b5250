import { stopAll } from './process';

// Also after a proof or a `beforeAll` that failed.
afterAll(() => stopAll(), 60_000);
