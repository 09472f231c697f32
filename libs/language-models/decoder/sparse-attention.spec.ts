import { describe, expect, it } from '@jest/globals';

import { compileModel, GraphBuilder, Session, type Feed, type Value } from '#autograd';
import { randomStream } from '#randomness';

import { Generator } from '../generation/generator.ts';
import { causalView, HIDDEN } from './attention-view.ts';
import { vocabularyLogits } from './decoder-graph.ts';
import { tunedManifest } from './decoder-tensors.ts';
import { loadDecoder } from './load-decoder.ts';
import { buildDecoderPrefix, decoderSuffix, tunedDecoder } from './prefix-and-suffix.ts';
import { TINY } from './read-fixture.ts';
import { attendedKeys, sparseAttention } from './sparse-attention.ts';

const integers = (values: readonly number[], shape: readonly number[] = [values.length]): Feed => ({
  type: 'int64',
  shape,
  data: BigInt64Array.from(values, BigInt),
});

/** Which keys each query of a row of `tokens` tokens attends to, with `padding` columns on its left. */
async function visibleKeys(sparsity: number, tokens: number, padding = 0): Promise<number[][]> {
  const { config } = await loadDecoder(TINY);
  const g = new GraphBuilder();
  const view = causalView(g, g.input('mask', 'int64', ['batch', 'sequence']));
  const bias = sparseAttention(config, 1, sparsity)(g, config.layers - 1, view);
  const session = await Session.open(compileModel(g, { always: { bias } }));
  const columns = padding + tokens;
  const mask = Array.from({ length: columns }, (_, at) => (at < padding ? 0 : 1));
  const out = await session.run({ mask: integers(mask, [1, columns]) });
  await session.close();
  const data = out['bias']!.data as Float32Array;
  return Array.from({ length: tokens }, (_, query) =>
    Array.from({ length: tokens }, (_, key) => key).filter(
      (key) => data[(padding + query) * columns + padding + key]! > HIDDEN / 2,
    ),
  );
}

describe('sparse attention', () => {
  it('attends to at most the part that is left of the visible keys, and to one at least', async () => {
    for (const sparsity of [0.2, 0.4, 0.9]) {
      const seen = await visibleKeys(sparsity, 14);
      expect(seen.map((keys) => keys.length)).toEqual(seen.map((_, query) => attendedKeys(query + 1, sparsity)));
    }
    expect([1, 2, 5, 10, 96].map((visible) => attendedKeys(visible, 0.4))).toEqual([1, 1, 3, 6, 57]);
    expect(attendedKeys(10, 0.9)).toBe(1);
  });

  it('takes the first key and the most recent ones, wherever padding shifts them', async () => {
    const seen = await visibleKeys(0.4, 10);
    expect(seen[0]).toEqual([0]);
    expect(seen[4]).toEqual([0, 3, 4]);
    expect(seen[9]).toEqual([0, 5, 6, 7, 8, 9]);
    expect(await visibleKeys(0.4, 10, 3)).toEqual(seen);
  });

  it('leaves the blocks below, and a sparsity of 0, as they are', async () => {
    const { config } = await loadDecoder(TINY);
    const g = new GraphBuilder();
    const view = causalView(g, g.input('mask', 'int64', ['batch', 'sequence']));
    expect(sparseAttention(config, 1, 0.4)(g, config.layers - 2, view)).toBe(view.bias);
    expect(sparseAttention(config, 1, 0)(g, config.layers - 1, view)).toBe(view.bias);
  });

  it('is the same in generation as over whole sequences, token for token', async () => {
    const weights = await loadDecoder(TINY);
    const [blocks, sparsity] = [2, 0.5];
    const blockBias = sparseAttention(weights.config, blocks, sparsity);
    const tuned = new Map(tunedManifest(weights.config, blocks).map(({ name }) => [name, weights.tensors.get(name)!]));
    const generator = await Generator.open(weights, { trainableBlocks: blocks, ranked: false, blockBias });
    const prompts = [
      [5, 9, 11, 3, 7],
      [8, 2],
    ].map((ids) => ({ ids, stream: randomStream(1, 'test') }));
    const completions = await generator.generate(prompts, { maxNewTokens: 6, temperature: 0 }, tuned);
    await generator.close();

    const g = new GraphBuilder();
    const inputs = {
      hidden: g.input('hidden', 'float32', ['batch', 'sequence', weights.config.hidden]),
      mask: g.input('mask', 'int64', ['batch', 'sequence']),
      rows: g.input('rows', 'int64', ['rows']),
    };
    const outputs = (bias?: typeof blockBias): Value => {
      const source = tunedDecoder(g, weights, blocks, bias);
      return vocabularyLogits(source, decoderSuffix(g, source, blocks, inputs));
    };
    const session = await Session.open(compileModel(g, { always: { logits: outputs(blockBias) } }));
    const prefix = await Session.open(buildDecoderPrefix(weights, blocks));
    for (const [row, { ids }] of prompts.entries()) {
      const drawn = completions[row]!.ids;
      const whole = [...ids, ...drawn];
      const mask = integers(
        whole.map(() => 1),
        [1, whole.length],
      );
      const { hidden } = (await prefix.run({ ids: integers(whole, [1, whole.length]), mask })) as { hidden: Feed };
      const rows = integers(drawn.map((_, at) => ids.length - 1 + at));
      const out = await session.run({ hidden, mask, rows, ...Object.fromEntries(tuned) });
      const logits = out['logits']!.data as Float32Array;
      const width = weights.config.vocabulary;
      drawn.forEach((token, at) => {
        const own = logits.subarray(at * width, (at + 1) * width);
        expect(own.indexOf(Math.max(...own))).toBe(token);
      });
    }
    await Promise.all([session.close(), prefix.close()]);
  });
});
