import tests from './jest.config.cjs';

/**
 * The proofs that run real servers: `npm run verify`. A file is at times busy and at times waits for what it started: three at
 * once keep two cores busy.
 * @type {import('jest').Config}
 */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/{cluster,runtime}/**/*.runtime.ts'],
  modulePathIgnorePatterns: tests.modulePathIgnorePatterns,
  transform: tests.transform,
  maxWorkers: 3,
  globalSetup: '<rootDir>/test/runtime/support/run-folder.ts',
  setupFilesAfterEnv: ['<rootDir>/test/runtime/support/set-up.ts'],
  reporters: ['<rootDir>/test/runtime/support/reporter.mjs'],
};
