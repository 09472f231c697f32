/**
 * The only source of randomness: streams keyed by (seed, purpose, coordinates), the same on every run, in any order.
 *
 *     const stream = randomStream(spec.seed, 'partition', 'client-2');
 *     stream.uniform(); stream.normal(); stream.shuffle(rows);
 *
 * Uniform numbers, integers and shuffles are exact on every machine. Normal, exponential and gamma draws go through
 * Math.log, Math.exp and Math.sqrt, which V8 computes in software: the same on machines that run the same V8.
 */
export type { Coordinate, RandomStream } from './random-stream.ts';
export { randomStream } from './philox-stream.ts';
export { dirichlet } from './dirichlet.ts';
export { RandomnessError } from './randomness-error.ts';
