import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { compileModel, crossEntropy, gradients, GraphBuilder, Session, type Feed } from '#autograd';
import { decodeSafetensors, encodeSafetensors } from '#parameters';

import { digestCheckpoint } from '../checkpoints/digest-checkpoint.ts';
import { gradientName } from '../encoder/step-model.ts';
import { parseDecoderConfig } from './decoder-config.ts';
import { vocabularyLogits } from './decoder-graph.ts';
import { tunedManifest } from './decoder-tensors.ts';
import { loadDecoder, tunedTensors, type DecoderWeights } from './load-decoder.ts';
import { buildDecoderPrefix, decoderSuffix, tunedDecoder } from './prefix-and-suffix.ts';
import { readFixture, SHARDED, TINY } from './read-fixture.ts';
import { saveDecoder } from './save-decoder.ts';

const integers = (values: readonly number[], shape = [values.length]): Feed => ({
  type: 'int64',
  shape,
  data: BigInt64Array.from(values, BigInt),
});
const matrix = (rows: readonly (readonly number[])[]): Feed => integers(rows.flat(), [rows.length, rows[0]!.length]);

/** Prompts with padding on the left or right, and where their tokens are in the flattened batch. */
function padded(prompts: readonly (readonly number[])[], side: 'left' | 'right') {
  const columns = Math.max(...prompts.map((prompt) => prompt.length));
  const pad = (prompt: readonly number[], fill: number, own = prompt): number[] => {
    const padding = Array<number>(columns - prompt.length).fill(fill);
    return side === 'left' ? [...padding, ...own] : [...own, ...padding];
  };
  const mask = prompts.map((prompt) => pad(prompt, 0, Array<number>(prompt.length).fill(1)));
  return {
    ids: matrix(prompts.map((prompt) => pad(prompt, 0))),
    mask: matrix(mask),
    rows: mask.flat().flatMap((real, at) => (real === 1 ? [at] : [])),
  };
}

/** Logits at every token, through a frozen prefix and a suffix that is fed. */
async function logitsOf(
  weights: DecoderWeights,
  prompts: readonly (readonly number[])[],
  side: 'left' | 'right',
  blocks: number,
) {
  const { ids, mask, rows } = padded(prompts, side);
  const prefix = await Session.open(buildDecoderPrefix(weights, blocks));
  const { hidden } = (await prefix.run({ ids, mask })) as { hidden: Feed };
  const g = new GraphBuilder();
  const inputs = {
    hidden: g.input('hidden', 'float32', ['batch', 'sequence', weights.config.hidden]),
    mask: g.input('mask', 'int64', ['batch', 'sequence']),
    rows: g.input('rows', 'int64', ['rows']),
  };
  const source = tunedDecoder(g, weights, blocks);
  const logits = vocabularyLogits(source, decoderSuffix(g, source, blocks, inputs));
  const suffix = await Session.open(compileModel(g, { always: { logits } }));
  const tuned = tunedManifest(weights.config, blocks).map(({ name }) => [name, weights.tensors.get(name)!] as const);
  const out = await suffix.run({ hidden, mask, rows: integers(rows), ...Object.fromEntries(tuned) });
  await Promise.all([prefix.close(), suffix.close()]);
  return out['logits']!.data as Float32Array;
}

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'airtune-decoder-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('logits', () => {
  it.each([
    ['from one fp32 file', TINY, 'right', 2],
    ['with padding on the left', TINY, 'left', 2],
    ['with every block frozen', TINY, 'right', 0],
    ['with every block fed', TINY, 'left', 3],
    ['from bf16 shards with bare names and a stored head', SHARDED, 'left', 1],
  ] as const)("are transformers', %s", async (_, dir, side, blocks) => {
    const { prompts, logits } = await readFixture(dir);
    const found = await logitsOf(await loadDecoder(dir), prompts, side, blocks);
    expect(found).toBeAllClose(logits.flat(2), { relative: 1e-4, absolute: 2e-5 });
  });

  it('stay when the decoder is saved, as does its digest', async () => {
    const weights = await loadDecoder(SHARDED);
    const dir = join(folder, 'saved');
    await saveDecoder(dir, weights, { precision: 'fp32' });
    expect(await loadDecoder(dir)).toEqual(weights);
    expect(await digestCheckpoint(dir)).toBe(await digestCheckpoint(SHARDED));
    expect(await digestCheckpoint(dir)).not.toBe(await digestCheckpoint(TINY));
  });
});

describe('gradients of the top two blocks', () => {
  it("are PyTorch's", async () => {
    const weights = await loadDecoder(TINY);
    const { step } = await readFixture(TINY);
    const g = new GraphBuilder();
    const source = tunedDecoder(g, weights, 2);
    const inputs = {
      hidden: g.input('hidden', 'float32', ['batch', 'sequence', weights.config.hidden]),
      mask: g.input('mask', 'int64', ['batch', 'sequence']),
      rows: g.input('rows', 'int64', ['rows']),
    };
    const targets = g.input('targets', 'int64', ['rows']);
    const loss = crossEntropy(g, vocabularyLogits(source, decoderSuffix(g, source, 2, inputs)), targets);
    const manifest = tunedManifest(weights.config, 2);
    const slopes = gradients(
      g,
      loss,
      manifest.map(({ name }) => source.parameters.tensor(name)),
    );
    const outputs = Object.fromEntries(manifest.map(({ name }, i) => [gradientName(name), slopes[i]!]));
    const session = await Session.open(compileModel(g, { always: { ...outputs, loss } }));
    const prefix = await Session.open(buildDecoderPrefix(weights, 2));
    const [ids, mask] = [matrix(step.ids), matrix(step.mask)];
    const { hidden } = (await prefix.run({ ids, mask })) as { hidden: Feed };
    const feeds = { hidden, mask, rows: integers(step.rows), targets: integers(step.targets) };
    const found = await session.run({
      ...feeds,
      ...Object.fromEntries(manifest.map(({ name }) => [name, weights.tensors.get(name)!])),
    });
    await Promise.all([session.close(), prefix.close()]);
    expect(found['loss']!.data[0]).toBeCloseTo(step.loss, 5);
    expect(Object.keys(step.gradients).sort()).toEqual(manifest.map(({ name }) => name).sort());
    for (const [name, gradient] of Object.entries(step.gradients))
      expect(found[gradientName(name)]!.data as Float32Array).toBeAllClose(gradient, {
        relative: 1e-3,
        absolute: 1e-5,
      });
  });
});

it('the tuned tensors are those of the top blocks, all of them or none', async () => {
  const { config, tensors } = await loadDecoder(TINY);
  const names = tunedManifest(config, 1).map(({ name }) => name);
  expect([...tunedTensors({ config, tensors }, 1).keys()]).toEqual(names);
  const lacking = new Map(tensors);
  lacking.delete(names[3]!);
  expect(() => tunedTensors({ config, tensors: lacking }, 1)).toThrow(
    expect.objectContaining({ code: 'model.tensor-missing' }),
  );
});

describe('what cannot be loaded', () => {
  async function broken(
    name: string,
    change: (tensors: Map<string, { shape: readonly number[]; data: Float32Array }>) => void,
  ) {
    const dir = join(folder, name);
    await cp(TINY, dir, { recursive: true });
    const path = join(dir, 'model.safetensors');
    const tensors = new Map(decodeSafetensors(await readFile(path)));
    change(tensors);
    await writeFile(path, encodeSafetensors(tensors));
    return loadDecoder(dir);
  }

  it('is named: a missing tensor, a shape, a folder', async () => {
    const name = 'transformer.h.1.mlp.c_fc.weight';
    await expect(broken('missing', (tensors) => tensors.delete(name))).rejects.toMatchObject({
      code: 'model.tensor-missing',
      message: expect.stringContaining(name),
    });
    const misshapen = broken('shape', (tensors) => tensors.set(name, { shape: [32, 8], data: new Float32Array(256) }));
    await expect(misshapen).rejects.toMatchObject({
      code: 'model.tensor-shape',
      message: expect.stringContaining(`${name} has shape [32, 8], config.json expects [8, 32]`),
    });
    await expect(loadDecoder(join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'model.folder-missing' });
  });

  it.each([
    ['model_type must be "gpt2"; found "llama"', { model_type: 'llama' }],
    ['tie_word_embeddings is false', { model_type: 'gpt2', tie_word_embeddings: false }],
    ['n_embd 770 is not a multiple of n_head 12', { model_type: 'gpt2', n_embd: 770 }],
    ['activation_function is "swish"', { model_type: 'gpt2', activation_function: 'swish' }],
    ['eos_token_id 99 is outside the vocabulary of 50', { model_type: 'gpt2', vocab_size: 50, eos_token_id: 99 }],
  ])('is refused for its config: %s', (message, json) => {
    expect(() => parseDecoderConfig(json, 'config.json')).toThrow(message);
  });
});
