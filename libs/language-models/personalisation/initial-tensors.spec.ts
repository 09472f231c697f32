import { describe, expect, it } from '@jest/globals';

import { checkTensors, parameterCount } from '#parameters';

import { parseEncoderConfig } from '../checkpoints/encoder-config.ts';
import { adapterManifest, initialAdapters } from './adapters.ts';
import { headManifest, initialHead } from './head.ts';
import { initialLora, loraManifest } from './lora.ts';

const robertaBase = parseEncoderConfig(
  {
    model_type: 'roberta',
    hidden_size: 768,
    num_hidden_layers: 12,
    num_attention_heads: 12,
    intermediate_size: 3072,
    vocab_size: 50_265,
    max_position_embeddings: 514,
  },
  'config.json',
);
const allBlocks = Array.from({ length: 12 }, (_, block) => block);

describe('parameter counts on the shape of roberta-base', () => {
  it('are those of the adapter and LoRA libraries', () => {
    expect(parameterCount(adapterManifest(robertaBase, 48))).toBe(894_528);
    expect(parameterCount(adapterManifest(robertaBase, 64))).toBe(1_189_632);
    expect(parameterCount(loraManifest(robertaBase, { rank: 8, blocks: allBlocks }))).toBe(294_912);
    expect(parameterCount(loraManifest(robertaBase, { rank: 8, blocks: allBlocks.slice(2) }))).toBe(245_760);
    expect(parameterCount(headManifest(robertaBase, 4))).toBe(593_668);
  });
});

describe('initial values', () => {
  const adapters = initialAdapters(robertaBase, 64, 7);
  const lora = initialLora(robertaBase, { rank: 8, blocks: allBlocks }, 7, 'client-0');
  const head = initialHead(robertaBase, 4, 7, 'client-0');

  it('have the names and shapes of their manifests', () => {
    expect(checkTensors(adapters, adapterManifest(robertaBase, 64))).toBeUndefined();
    expect(checkTensors(lora, loraManifest(robertaBase, { rank: 8, blocks: allBlocks }))).toBeUndefined();
    expect(checkTensors(head, headManifest(robertaBase, 4))).toBeUndefined();
  });

  it('change nothing at first: up and b are zero', () => {
    for (const [name, { data }] of [...adapters, ...lora]) {
      if (/\.(up\.weight|up\.bias|down\.bias|b)$/.test(name)) expect(data.every((value) => value === 0)).toBe(true);
    }
  });

  it('have the spread that they are said to have', () => {
    // 49,152 draws: the deviation's own standard error is 0.3 %.
    expect(deviation(adapters.get('adapter.3.down.weight')!.data)).toBeCloseTo(0.02, 3);
    expect(deviation(head.get('head.dense.weight')!.data)).toBeCloseTo(0.02, 3);
    const a = lora.get('lora.11.value.a')!.data;
    expect(deviation(a) / 0.0208333).toBeCloseTo(1, 1);
    const largest = a.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(largest).toBeLessThanOrEqual(0.0360843918);
    expect(largest).toBeGreaterThan(0.0358);
  });

  it('are fixed by seed and client, and differ between blocks', () => {
    const again = initialLora(robertaBase, { rank: 8, blocks: [11] }, 7, 'client-0');
    expect(again.get('lora.11.value.a')).toEqual(lora.get('lora.11.value.a'));
    const first = (tensors: typeof lora, name: string) => tensors.get(name)!.data[0];
    expect(first(lora, 'lora.0.query.a')).not.toBe(first(lora, 'lora.1.query.a'));
    const other = initialLora(robertaBase, { rank: 8, blocks: [0] }, 7, 'client-1');
    expect(first(other, 'lora.0.query.a')).not.toBe(first(lora, 'lora.0.query.a'));
    expect(first(initialAdapters(robertaBase, 64, 8), 'adapter.0.down.weight')).not.toBe(
      first(adapters, 'adapter.0.down.weight'),
    );
  });
});

function deviation(data: Float32Array): number {
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  return Math.sqrt(data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length);
}
