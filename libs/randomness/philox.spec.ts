import { describe, expect, it } from '@jest/globals';
import { philoxBlock } from './philox.ts';

/** The three `philox4x32 10` lines of Random123's tests/kat_vectors: counter, key, answer. */
const KNOWN_ANSWERS = [
  '00000000 00000000 00000000 00000000 00000000 00000000 6627e8d5 e169c58d bc57ac4c 9b00dbd8',
  'ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff 408f276d 41c83b0e a20bc7c6 6d5451fd',
  '243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 d16cfe09 94fdcceb 5001e420 24126ea1',
];

describe('Philox4x32-10', () => {
  it.each(KNOWN_ANSWERS)('gives the published answer to %s', (line) => {
    const words = line.split(' ').map((word) => Number.parseInt(word, 16));
    const [c0, c1, c2, c3, k0, k1] = words as [number, number, number, number, number, number];
    const block = new Uint32Array(4);
    philoxBlock(block, c0, c1, c2, c3, k0, k1);
    expect([...block]).toEqual(words.slice(6));
  });
});
