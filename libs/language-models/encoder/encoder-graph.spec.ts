import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

import { compileModel, GraphBuilder, Session, type Feed } from '#autograd';

import { buildEncoder } from './encoder-graph.ts';
import { frozenParameters } from '../graph-parameters.ts';
import { madeEncoder, TINY_BERT, TINY_ROBERTA } from './made-tensors.ts';

const fixture = JSON.parse(readFileSync(new URL('./fixtures/classifier-step.json', import.meta.url), 'utf8')) as Record<
  'roberta' | 'bert',
  { hidden: number[] }
>;
const integers = (shape: number[], data: number[]): Feed => ({
  type: 'int64',
  shape,
  data: BigInt64Array.from(data, BigInt),
});
const MASK = [1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0];

describe('the encoder', () => {
  it.each([
    { name: 'roberta' as const, config: TINY_ROBERTA },
    { name: 'bert' as const, config: TINY_BERT },
  ])("gives transformers' hidden states for $name, wherever there is a token", async ({ name, config }) => {
    const g = new GraphBuilder();
    const ids = g.input('ids', 'int64', ['batch', 'sequence']);
    const mask = g.input('mask', 'int64', ['batch', 'sequence']);
    const states = buildEncoder(g, config, frozenParameters(g, madeEncoder(config)), { ids, mask });
    const session = await Session.open(compileModel(g, { always: { states } }));
    const out = await session.run({
      ids: integers([3, 5], [0, 5, 9, 9, 2, 0, 7, 2, 1, 1, 0, 20, 3, 2, 1]),
      mask: integers([3, 5], MASK),
    });
    await session.close();
    const found = (out['states']!.data as Float32Array).map((x, i) => x * MASK[Math.floor(i / config.hidden)]!);
    expect(found).toBeAllClose(fixture[name].hidden, { relative: 1e-4, absolute: 1e-5 });
  });

  it('names a tensor that the weights lack', () => {
    const g = new GraphBuilder();
    const ids = g.input('ids', 'int64', ['batch', 'sequence']);
    const mask = g.input('mask', 'int64', ['batch', 'sequence']);
    const tensors = new Map(madeEncoder(TINY_BERT).tensors);
    tensors.delete('block.1.output.weight');
    expect(() => buildEncoder(g, TINY_BERT, frozenParameters(g, { tensors }), { ids, mask })).toThrow(
      'block.1.output.weight',
    );
  });
});
