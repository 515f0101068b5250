import tests from './jest.config.cjs';

/**
 * The proofs that run real servers: `npm run verify`. One file after the other, since each starts several of them.
 * @type {import('jest').Config}
 */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/{cluster,runtime}/**/*.runtime.ts'],
  modulePathIgnorePatterns: tests.modulePathIgnorePatterns,
  transform: tests.transform,
  maxWorkers: 2,
  globalSetup: '<rootDir>/test/runtime/support/run-folder.ts',
  setupFilesAfterEnv: ['<rootDir>/test/runtime/support/set-up.ts'],
  reporters: ['<rootDir>/test/runtime/support/reporter.mjs'],
};
