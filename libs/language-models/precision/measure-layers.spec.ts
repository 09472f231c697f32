import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { probeInt8 } from '#autograd';
import { describe, expect, it } from '@jest/globals';

import { loadWithOutlier, OUTLIER_LAYER } from '../../../test/outlier-encoder.ts';
import { loadEncoder } from '../checkpoints/load-encoder.ts';
import { loadDecoder } from '../decoder/load-decoder.ts';
import { loadTokenizer } from '../tokenizers/load-tokenizer.ts';
import { inPrecision } from './in-precision.ts';
import { measureLayers } from './measure-layers.ts';
import { reportPrecision } from './report-precision.ts';
import { LARGEST_RELATIVE_ERROR, staysExact } from './outlier-rule.ts';
import { SAMPLE_TEXT } from './sample-text.ts';

const ENCODER = 'models/tiny-encoder';
const DECODER = 'models/tiny-gpt2';
/** What this processor computes without a sum that saturates. */
const levels = (await probeInt8()) ?? 63;
const precision = levels === 127 ? 'int8' : 'int8-7-bit';

describe('what int8 does to the layers of a model', () => {
  it('is little in the models that come with Airtune: all of their layers can be int8', async () => {
    for (const weights of [await loadEncoder(ENCODER), await loadDecoder(DECODER)]) {
      const folder = weights.config.modelType === 'gpt2' ? DECODER : ENCODER;
      const layers = await measureLayers(weights, await loadTokenizer(folder), SAMPLE_TEXT, levels);
      expect(layers.every(({ relativeError }) => relativeError > 0 && relativeError < 0.03)).toBe(true);
      const { arithmetic } = await inPrecision(weights, { precision, modelFolder: folder });
      expect(arithmetic).toEqual({ precision: 'int8', levels, exceptions: new Set(), gradients: 'copies' });
    }
  });

  it('is much where an activation has an outlier: that layer alone stays in fp32', async () => {
    const weights = await loadWithOutlier(ENCODER);
    const layers = await measureLayers(weights, await loadTokenizer(ENCODER), SAMPLE_TEXT, levels);
    const hit = layers.find(({ name }) => name === OUTLIER_LAYER)!;
    expect(hit.peak).toBeGreaterThan(15);
    expect(hit.relativeError).toBeGreaterThan(2 * LARGEST_RELATIVE_ERROR);
    const { arithmetic } = await inPrecision(weights, { precision, modelFolder: ENCODER });
    expect(arithmetic).toMatchObject({ exceptions: new Set([OUTLIER_LAYER]) });
  });

  it('is much where one output channel is far larger than the others, which share its scale on the way back', async () => {
    const { config, tensors } = await loadEncoder(ENCODER);
    const name = 'block.2.output';
    const { shape, data } = tensors.get(`${name}.weight`)!;
    const [channels = 1] = shape.slice(1);
    const louder = { shape, data: data.map((value, at) => (at % channels === 5 ? 1000 * value : value)) };
    const weights = { config, tensors: new Map([...tensors, [`${name}.weight`, louder]]) };
    const layers = await measureLayers(weights, await loadTokenizer(ENCODER), SAMPLE_TEXT, levels);
    const hit = layers.find((layer) => layer.name === name)!;
    expect(hit.relativeError).toBeLessThan(LARGEST_RELATIVE_ERROR);
    // All digits of the others are gone.
    expect(hit.gradientError).toBeGreaterThan(0.9);
    expect(staysExact(hit)).toBe(true);
    const others = layers.filter((layer) => layer !== hit);
    expect(others.every(({ gradientError = 1 }) => gradientError > 0 && gradientError < 0.03)).toBe(true);
  });

  it('is the same over a long text that repeats a short one, however many runs read it', async () => {
    const [weights, tokenizer] = [await loadEncoder(ENCODER), await loadTokenizer(ENCODER)];
    // 48 tokens: one window.
    const short = `${'word '.repeat(24)}${'and '.repeat(24)}`;
    const [once, often] = [
      await measureLayers(weights, tokenizer, short, levels),
      await measureLayers(weights, tokenizer, short.repeat(40), levels),
    ];
    for (const [at, { relativeError, peak }] of often.entries()) {
      expect(relativeError / once[at]!.relativeError).toBeCloseTo(1, 4);
      expect(peak / once[at]!.peak).toBeCloseTo(1, 4);
    }
  });

  it('is reported for a folder, and what is quantised already is refused', async () => {
    const { layers, weightBytes } = await reportPrecision(ENCODER, 'A short text.');
    expect(layers).toHaveLength(24);
    expect(layers.every(({ precision }) => precision === 'int8')).toBe(true);
    expect(weightBytes).toEqual({ fp32: 4 * 4 * 12 * 128 * 128, int8: 4 * 12 * 128 * 128 });
    const folder = await mkdtemp(join(tmpdir(), 'airtune-quantised-'));
    const config = JSON.parse(await readFile(join(ENCODER, 'config.json'), 'utf8')) as object;
    await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, quantization_config: { bits: 8 } }));
    await expect(reportPrecision(folder)).rejects.toMatchObject({ code: 'model.already-quantised' });
    await rm(folder, { recursive: true });
  });

  it('is more with weights of 7 bits, but where 8 bits saturate; and nothing is measured for fp32', async () => {
    const weights = await loadEncoder(ENCODER);
    const tokenizer = await loadTokenizer(ENCODER);
    const [eight, seven] = [
      await measureLayers(weights, tokenizer, SAMPLE_TEXT, 127),
      await measureLayers(weights, tokenizer, SAMPLE_TEXT, 63),
    ];
    const total = (layers: typeof eight) => layers.reduce((sum, { relativeError }) => sum + relativeError, 0);
    expect(total(seven) > total(eight)).toBe(levels === 127);
    expect(await inPrecision(weights, { precision: 'fp32', modelFolder: ENCODER })).toBe(weights);
  });
});
