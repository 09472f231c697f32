import type { OnnxModel } from '#autograd';
import { expect, it } from '@jest/globals';

import { loadEncoder } from '../checkpoints/load-encoder.ts';
import { loadDecoder } from '../decoder/load-decoder.ts';
import { buildDecoderPrefix } from '../decoder/prefix-and-suffix.ts';
import { buildClassifierStep } from '../encoder/build-classifier-step.ts';
import { decoderBlockBytes, encoderBlockBytes } from './block-bytes.ts';

const encoder = await loadEncoder('models/tiny-encoder');
const decoder = await loadDecoder('models/tiny-gpt2');
const int8 = { precision: 'int8', levels: 63, exceptions: new Set<string>() } as const;

/** Of what is as large as a matrix of these models. */
const weightBytes = ({ weights }: OnnxModel): number => weights.reduce((sum, { byteLength }) => sum + byteLength, 0);

it.each([
  { adapters: true, loraBlocks: [0, 1, 2, 3] },
  { adapters: true, loraBlocks: [3] },
  { adapters: true, loraBlocks: [] },
  { adapters: false, loraBlocks: [2, 3] },
  { adapters: false, loraBlocks: [1, 3] },
  { adapters: false, loraBlocks: [] },
])('the bytes of an encoder’s blocks are those that its step has: %j', (shape) => {
  const bytesOf = (arithmetic: object) =>
    weightBytes(buildClassifierStep({ ...encoder, ...arithmetic }, { ...shape, labels: 2 }).model);
  const { fp32, int8: straight, transposed } = encoderBlockBytes(encoder.config, shape);
  expect(bytesOf({}) - bytesOf({ arithmetic: int8 })).toBe(fp32 - straight - transposed);
  expect(fp32).toBe(4 * 4 * 12 * 128 * 128);
});

it.each([1, 2, 4, 5])('the bytes of a decoder’s blocks are those that its prefix has below %d tuned ones', (tuned) => {
  const bytesOf = (arithmetic: object) => weightBytes(buildDecoderPrefix({ ...decoder, ...arithmetic }, tuned));
  const { fp32, int8: straight, transposed } = decoderBlockBytes(decoder.config, tuned);
  expect(bytesOf({}) - bytesOf({ arithmetic: int8 })).toBe(fp32 - straight - transposed);
  expect(straight > 0).toBe(tuned < decoder.config.layers);
});
