import type { OnnxModel } from '#autograd';
import { expect, it } from '@jest/globals';

import { loadEncoder } from '../checkpoints/load-encoder.ts';
import { loadDecoder } from '../decoder/load-decoder.ts';
import { buildDecoderPrefix } from '../decoder/prefix-and-suffix.ts';
import { buildClassifierStep } from '../encoder/build-classifier-step.ts';
import { decoderBlockBytes, encoderBlockBytes, gradientsWithin } from './block-bytes.ts';

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

it('a budget has room for copies, for one of each matrix, or for none', () => {
  const loraBlocks = [0, 1, 2, 3];
  const { int8: straight, transposed } = encoderBlockBytes(encoder.config, { adapters: true, loraBlocks });
  expect(gradientsWithin(encoder.config, straight + transposed)).toBe('copies');
  expect(gradientsWithin(encoder.config, straight + transposed - 1)).toBe('dequantised');
  expect(gradientsWithin(encoder.config, straight)).toBe('dequantised');
  const tooMuch = () => gradientsWithin(encoder.config, straight - 1);
  expect(tooMuch).toThrow(
    /blocks take 0\.884736 MB in int8, more than the 0\.884735 MB of .*: raise it to 0\.885 at least/,
  );
  expect(() => gradientsWithin(encoder.config, 1e-3)).toThrow(/more than the 1e-9 MB of base\.memoryBudgetMegabytes/);
  expect(tooMuch).toThrow(expect.objectContaining({ code: 'model.memory-budget' }));
});

it('a step without copies holds one int8 matrix a layer', () => {
  const shape = { adapters: true, loraBlocks: [0, 1, 2, 3], labels: 2 };
  const bytesOf = (gradients: 'copies' | 'dequantised') =>
    weightBytes(buildClassifierStep({ ...encoder, arithmetic: { ...int8, gradients } }, shape).model);
  expect(bytesOf('copies') - bytesOf('dequantised')).toBe(encoderBlockBytes(encoder.config, shape).transposed);
});
