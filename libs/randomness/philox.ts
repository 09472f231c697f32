/**
 * Philox4x32-10, a counter-based generator: (key, counter) -> 128 random bits, with no state in between.
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11 (Random123).
 * It is no cipher: good for simulation, not for secrets.
 */
/** Taken out once: inside a `vm` context, such as Jest's, each look at the global `Math` costs more than the product. */
const { imul } = Math;
const ROUNDS = 10;
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
/** The golden ratio and sqrt(3) - 1 in 32 bits, added to the key after each round. */
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

/** The upper 32 bits of a 32 x 32 bit product, by 16-bit halves: a double holds only 53 of the 64 bits. */
function multiplyHigh(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const middle = (imul(a1, b0) >>> 0) + ((imul(a0, b0) >>> 0) >>> 16);
  const carry = (middle & 0xffff) + (imul(a0, b1) >>> 0);
  return (imul(a1, b1) + (middle >>> 16) + (carry >>> 16)) | 0;
}

/** Writes the four 32-bit words of the block at counter (c0 lowest … c3 highest) under the key (k0, k1) into `block`. */
export function philoxBlock(
  block: Uint32Array,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  let [w0, w1, w2, w3] = [c0 | 0, c1 | 0, c2 | 0, c3 | 0];
  let key0 = k0 | 0;
  let key1 = k1 | 0;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(w0, MULTIPLIER_0);
    const low0 = imul(w0, MULTIPLIER_0);
    const high1 = multiplyHigh(w2, MULTIPLIER_1);
    const low1 = imul(w2, MULTIPLIER_1);
    w0 = high1 ^ w1 ^ key0;
    w1 = low1;
    w2 = high0 ^ w3 ^ key1;
    w3 = low0;
    key0 = (key0 + WEYL_0) | 0;
    key1 = (key1 + WEYL_1) | 0;
  }
  block[0] = w0;
  block[1] = w1;
  block[2] = w2;
  block[3] = w3;
}
