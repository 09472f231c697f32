import { join } from 'node:path';

// Worker threads run from source. Without a cache each strips the types of all its files again, in a WebAssembly module of its
// own, and making and freeing those in many threads now and then ends the whole process (nodejs/node#64500).
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/airtune-tests');

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
