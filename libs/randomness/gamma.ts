import type { RandomStream } from './random-stream.ts';

/**
 * Natural logarithm of one Gamma(shape, 1) variate, shape > 0.
 * Shapes from 1: Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26 (2000).
 * Below 1: Gamma(a) = Gamma(a + 1) · U^(1/a), kept as a logarithm because it underflows (a = 0.001: typically e^-1000).
 */
export function logGammaVariate(stream: RandomStream, shape: number): number {
  if (shape < 1) return logGammaVariate(stream, shape + 1) + Math.log(1 - stream.uniform()) / shape;
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = stream.normal();
    const root = 1 + c * x;
    if (root <= 0) continue;
    const v = root * root * root;
    const u = 1 - stream.uniform();
    if (Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v)) return Math.log(d * v);
  }
}
