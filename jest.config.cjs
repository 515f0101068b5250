/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  // A bound for what hangs, and no measure: machines are slow at times.
  testTimeout: 30_000,
  // By default it leaves a core to others, and of two that is the half.
  maxWorkers: '100%',
  testMatch: ['<rootDir>/main.test.ts', '<rootDir>/{test,examples}/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/.build/'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/(cluster|runtime|browser)/'],
  transform: { '^.+\\.[jt]s$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
  collectCoverageFrom: ['src/**/*.ts', 'imports/kube-object.ts', '!src/**/*.d.ts'],
  coverageProvider: 'babel',
  coverageThreshold: { global: { lines: 90, branches: 90 } },
  coverageReporters: ['text-summary', 'json-summary', 'text'],
};
