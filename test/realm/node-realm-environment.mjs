import { TestEnvironment } from 'jest-environment-node';

// Native addons and worker threads answer with typed arrays of Node's own realm, while a Jest test sees those of its
// sandbox: `instanceof` then fails on both sides. Sharing the constructors makes the two realms agree.
const SHARED = [
  'ArrayBuffer',
  'SharedArrayBuffer',
  'Uint8Array',
  'Int8Array',
  'Uint16Array',
  'Int16Array',
  'Uint32Array',
  'Int32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'Map',
  'Set',
  'Error',
  'TypeError',
  'RangeError',
];

export default class NodeRealmEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    for (const name of SHARED) this.global[name] = globalThis[name];
  }
}
