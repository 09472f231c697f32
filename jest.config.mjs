export default {
  roots: ['<rootDir>/libs', '<rootDir>/apps', '<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  globalSetup: '<rootDir>/test/kafka/global-setup.mjs',
  globalTeardown: '<rootDir>/test/kafka/global-teardown.mjs',
  reporters: ['default', '<rootDir>/test/kafka/tell-skipped.mjs'],
  testEnvironment: '<rootDir>/test/realm/node-realm-environment.mjs',
  testEnvironmentOptions: { customExportConditions: ['airtune-source', 'node', 'node-addons'] },
  setupFilesAfterEnv: ['<rootDir>/test/realm/all-close.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2024',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
  maxWorkers: 2,
  testTimeout: 60_000,
};
