import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { probeInt8 } from '#autograd';
import type { NamedTensors } from '#parameters';
import { randomStream } from '#randomness';

import { tunedManifest } from '../decoder/decoder-tensors.ts';
import { loadDecoder, type DecoderWeights } from '../decoder/load-decoder.ts';
import { readFixture, SHARDED, TINY, type DecoderFixture } from '../decoder/read-fixture.ts';
import { Generator, type Prompt } from './generator.ts';

/** What this processor computes without a sum that saturates. */
const levels = (await probeInt8()) ?? 63;

function tunedOf({ config, tensors }: DecoderWeights, blocks: number): NamedTensors {
  return new Map(tunedManifest(config, blocks).map(({ name }) => [name, tensors.get(name)!]));
}

const promptsOf = (prompts: DecoderFixture['prompts'], seed = 0): Prompt[] =>
  prompts.map((ids, row) => ({ ids, stream: randomStream(seed, 'generator spec', row) }));

describe.each([
  ['one file', TINY],
  ['shards', SHARDED],
])('greedy completions of a ragged batch, from %s', (_, dir) => {
  it.each([
    ['frozen', 0, false],
    ['with two tuned blocks', 2, false],
    ['with every block tuned, by ranks', 3, true],
  ])("are transformers', %s", async (_, trainableBlocks, ranked) => {
    const weights = await loadDecoder(dir);
    const { prompts, greedy } = await readFixture(dir);
    const generator = await Generator.open(weights, { trainableBlocks, ranked });
    const settings = { maxNewTokens: 14, temperature: 0 };
    const completions = await generator.generate(promptsOf(prompts), settings, tunedOf(weights, trainableBlocks));
    await generator.close();
    const expected = greedy.map((row) => (row.includes(0) ? row.slice(0, row.indexOf(0) + 1) : row));
    expect(completions.map(({ ids }) => ids)).toEqual(expected);
    expect(completions.map(({ ended }) => ended)).toEqual(greedy.map((row) => row.includes(0)));
  });
});

describe('sampling', () => {
  let weights: DecoderWeights;
  let fixture: DecoderFixture;
  let full: Generator;
  let ranked: Generator;
  beforeAll(async () => {
    weights = await loadDecoder(TINY);
    fixture = await readFixture(TINY);
    full = await Generator.open(weights, { trainableBlocks: 0, ranked: false });
    ranked = await Generator.open(weights, { trainableBlocks: 0, ranked: true });
  });
  afterAll(async () => {
    await Promise.all([full.close(), ranked.close()]);
  });

  /** How often each first token comes up among 4000 draws. */
  async function frequencies(generator: Generator, settings: object): Promise<number[]> {
    const [ids] = fixture.prompts;
    const prompts = Array.from({ length: 4000 }, (_, i) => ({ ids: ids!, stream: randomStream(i, 'frequencies') }));
    const counts = Array<number>(29).fill(0);
    for (const { ids: drawn } of await generator.generate(prompts, { maxNewTokens: 1, ...settings }))
      counts[drawn[0]!]! += 1;
    return counts.map((count) => count / prompts.length);
  }

  /** Softmax of the last token's logits over the tokens that are kept. */
  function probabilities(temperature: number, keep: (rank: number, before: number) => boolean): number[] {
    const logits = fixture.logits[0]!.at(-1)!;
    const order = logits.map((_, id) => id).sort((a, b) => logits[b]! - logits[a]!);
    const weights = logits.map((logit) => Math.exp(logit / temperature));
    const total = weights.reduce((sum, weight) => sum + weight);
    let before = 0;
    const kept = Array<number>(29).fill(0);
    order.forEach((id, rank) => {
      if (keep(rank, before)) kept[id] = weights[id]! / total;
      before += weights[id]! / total;
    });
    const mass = kept.reduce((sum, p) => sum + p);
    return kept.map((p) => p / mass);
  }

  it.each([
    ['all tokens', () => full, {}, probabilities.bind(null, 1, () => true)],
    ['all tokens at temperature 2', () => full, { temperature: 2 }, probabilities.bind(null, 2, () => true)],
    ['the likeliest 3', () => ranked, { topK: 3 }, probabilities.bind(null, 1, (rank: number) => rank < 3)],
    [
      'the fewest that reach 0.7',
      () => ranked,
      { topP: 0.7, temperature: 2 },
      probabilities.bind(null, 2, (_: number, before: number) => before < 0.7),
    ],
  ] as const)('draws %s as often as they are likely', async (_, generator, settings, expected) => {
    const [found, wanted] = [await frequencies(generator(), settings), expected()];
    // Four standard errors of 4000 draws, and nothing that has no probability.
    expect(found).toBeAllClose(wanted, { relative: 0, absolute: 4 * Math.sqrt(0.25 / 4000) });
    expect(found.filter((_, id) => wanted[id] === 0).every((share) => share === 0)).toBe(true);
  });

  it('gives the same tokens for the same seed and others for another', async () => {
    const settings = { maxNewTokens: 12, temperature: 1.5 };
    const once = await full.generate(promptsOf(fixture.prompts, 4), settings);
    expect(await full.generate(promptsOf(fixture.prompts, 4), settings)).toEqual(once);
    expect(await full.generate(promptsOf(fixture.prompts, 5), settings)).not.toEqual(once);
  });

  it.each([
    ['fp32', { precision: 'fp32' }],
    ['int8', { precision: 'int8', levels, exceptions: new Set<string>() }],
  ] as const)(
    'draws for a prompt the same whatever it is batched with, and in parts as at once, in %s',
    async (_, arithmetic) => {
      const generator = await Generator.open({ ...weights, arithmetic }, { trainableBlocks: 0, ranked: false });
      const settings = { maxNewTokens: 12, temperature: 1.5 };
      const prompts = promptsOf(fixture.prompts, 8);
      const together = await generator.generate(prompts, settings);
      for (const [row, prompt] of prompts.entries())
        expect(await generator.generate([prompt], settings)).toEqual([together[row]]);
      const [{ ids, stream }] = prompts as [Prompt];
      const [start] = await generator.generate([{ ids, stream }], { ...settings, maxNewTokens: 5 });
      const [rest] = await generator.generate([{ ids: [...ids, ...start!.ids], stream, position: 5 }], {
        ...settings,
        maxNewTokens: 7,
      });
      expect([...start!.ids, ...rest!.ids]).toEqual(together[0]!.ids);
      await generator.close();
    },
  );

  it.each([
    ['generation.prompt-too-long', [Array<number>(20).fill(1)], { maxNewTokens: 5 }],
    ['generation.prompt-empty', [[]], { maxNewTokens: 5 }],
    ['generation.token-unknown', [[29]], { maxNewTokens: 5 }],
    ['generation.settings', [[1]], { maxNewTokens: 0 }],
    ['generation.settings', [[1]], { maxNewTokens: 5, temperature: -1 }],
    ['generation.settings', [[1]], { maxNewTokens: 5, topK: 4 }],
  ])('refuses with %s', async (code, prompts, settings) => {
    await expect(full.generate(promptsOf(prompts), settings)).rejects.toMatchObject({ code });
  });
});
