import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { GraphBuilder, Session, compileModel } from '#autograd';
import { decodeSafetensors, encodeSafetensors } from '#parameters';

import { buildEncoder } from '../encoder/encoder-graph.ts';
import { frozenParameters } from '../graph-parameters.ts';
import { digestCheckpoint } from './digest-checkpoint.ts';
import { loadEncoder, type EncoderWeights } from './load-encoder.ts';
import { saveEncoder } from './save-encoder.ts';

const fixtures = join(import.meta.dirname, '../fixtures/checkpoints');
// Made by transformers 5.23: 2 blocks of 32, random weights with every norm and bias away from its default.
const bert = join(fixtures, 'tiny-bert'); // fp32, prefix "bert.", exact gelu, with its masked-language-model head
const roberta = join(fixtures, 'tiny-roberta-sharded'); // bf16 in two shards, no prefix, gelu_new

interface Expected {
  readonly inputIds: number[][];
  readonly attentionMask: number[][];
  readonly hiddenStates: number[];
}

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'airtune-checkpoint-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function copyOf(source: string, name: string): Promise<string> {
  const dir = join(folder, name);
  await cp(source, dir, { recursive: true });
  return dir;
}

async function hiddenStates(
  { config, tensors }: EncoderWeights,
  { inputIds, attentionMask }: Expected,
): Promise<Float32Array> {
  const g = new GraphBuilder();
  const ids = g.input('ids', 'int64', ['batch', 'sequence']);
  const mask = g.input('mask', 'int64', ['batch', 'sequence']);
  const states = buildEncoder(g, config, frozenParameters(g, { tensors }), { ids, mask });
  const session = await Session.open(compileModel(g, { always: { states } }));
  const rows = (values: number[][]) => ({
    type: 'int64' as const,
    shape: [values.length, values[0]!.length],
    data: BigInt64Array.from(values.flat(), BigInt),
  });
  const outputs = await session.run({ ids: rows(inputIds), mask: rows(attentionMask) });
  await session.close();
  return outputs['states']!.data as Float32Array;
}

/** Only real tokens count: what a model says of padding is read by nobody. */
function atTokens(values: ArrayLike<number>, { attentionMask }: Expected): number[] {
  const hidden = values.length / attentionMask.flat().length;
  return attentionMask
    .flat()
    .flatMap((real, at) => (real === 1 ? Array.from(values).slice(at * hidden, (at + 1) * hidden) : []));
}

async function expectReferenceStates(dir: string, fixture: string, absolute: number): Promise<void> {
  const expected = JSON.parse(await readFile(join(fixture, 'expected.json'), 'utf8')) as Expected;
  const states = await hiddenStates(await loadEncoder(dir), expected);
  expect(atTokens(states, expected)).toBeAllClose(atTokens(expected.hiddenStates, expected), { relative: 0, absolute });
}

describe('hidden states', () => {
  it("are transformers' for BERT from one fp32 file", () => expectReferenceStates(bert, bert, 1e-5));
  it("are transformers' for RoBERTa from bf16 shards without a prefix", () =>
    expectReferenceStates(roberta, roberta, 1e-5));

  it('stay when the encoder is saved, with its head or without', async () => {
    const weights = await loadEncoder(bert);
    const withHead = join(folder, 'with-head');
    await saveEncoder(withHead, weights, { precision: 'fp32' });
    await expectReferenceStates(withHead, bert, 1e-5);
    const bare = join(folder, 'bare');
    const tensors = new Map([...weights.tensors].filter(([name]) => !name.startsWith('mlm.')));
    await saveEncoder(bare, { ...weights, tensors }, { precision: 'fp32' });
    await expectReferenceStates(bare, bert, 1e-5);
    expect((await loadEncoder(withHead)).tensors).toEqual(weights.tensors);
    expect((await loadEncoder(bare)).tensors).toEqual(tensors);
  });

  it('move by no more than rounding when saved as fp16', async () => {
    const dir = join(folder, 'half');
    await saveEncoder(dir, await loadEncoder(bert), { precision: 'fp16' });
    await expectReferenceStates(dir, bert, 1e-2);
  });

  it('are found under the old names gamma and beta', async () => {
    const dir = await copyOf(bert, 'gamma');
    const tensors = decodeSafetensors(await readFile(join(dir, 'model.safetensors')));
    const renamed = [...tensors].map(
      ([name, tensor]) =>
        [
          name.replace('LayerNorm.weight', 'LayerNorm.gamma').replace('LayerNorm.bias', 'LayerNorm.beta'),
          tensor,
        ] as const,
    );
    await writeFile(join(dir, 'model.safetensors'), encodeSafetensors(new Map(renamed)));
    await expectReferenceStates(dir, bert, 1e-5);
    expect((await loadEncoder(dir)).tensors.has('mlm.bias')).toBe(true);
  });
});

describe('the digest of a checkpoint', () => {
  it('does not depend on shards, prefix, names or lossless precision, and does on every number', async () => {
    const whole = join(folder, 'whole');
    const weights = await loadEncoder(roberta);
    await saveEncoder(whole, weights, { precision: 'fp32' });
    expect(await digestCheckpoint(whole)).toBe(await digestCheckpoint(roberta));
    const nudged = new Map(weights.tensors);
    const bias = nudged.get('block.1.output.bias')!;
    nudged.set('block.1.output.bias', {
      shape: bias.shape,
      data: bias.data.map((value, i) => (i === 31 ? value + 1e-6 : value)),
    });
    await saveEncoder(whole, { ...weights, tensors: nudged }, { precision: 'fp32' });
    expect(await digestCheckpoint(whole)).not.toBe(await digestCheckpoint(roberta));
  });

  it('depends on the config', async () => {
    const dir = await copyOf(roberta, 'other-config');
    const path = join(dir, 'config.json');
    await writeFile(path, (await readFile(path, 'utf8')).replace('gelu_new', 'gelu'));
    expect(await digestCheckpoint(dir)).not.toBe(await digestCheckpoint(roberta));
  });
});

describe('a folder that is not right', () => {
  it('is refused with the missing file named', async () => {
    await expect(loadEncoder(join(folder, 'nowhere'))).rejects.toThrow(
      /nowhere: there is no such folder; a model is a Hugging Face folder/,
    );
    const dir = await copyOf(roberta, 'no-shard');
    await rm(join(dir, 'model-00002-of-00002.safetensors'));
    await expect(loadEncoder(dir)).rejects.toThrow(/model-00002-of-00002\.safetensors is missing/);
    await rm(join(dir, 'model.safetensors.index.json'));
    await writeFile(join(dir, 'pytorch_model.bin'), '');
    await expect(loadEncoder(dir)).rejects.toThrow(
      /neither model\.safetensors nor .*pytorch_model\.bin cannot be read/,
    );
  });

  it('is refused with the missing or misshapen tensor named', async () => {
    const dir = await copyOf(bert, 'mutilated');
    const path = join(dir, 'model.safetensors');
    const tensors = new Map(decodeSafetensors(await readFile(path)));
    const query = 'bert.encoder.layer.1.attention.self.query.weight';
    tensors.set(query, { shape: [16, 32], data: new Float32Array(512) });
    await writeFile(path, encodeSafetensors(tensors));
    await expect(loadEncoder(dir)).rejects.toThrow(`${query} has shape [16, 32], config.json expects [32, 32]`);
    tensors.set(query, { shape: [32, 32], data: new Float32Array(1024).fill(NaN) });
    await writeFile(path, encodeSafetensors(tensors));
    await expect(loadEncoder(dir)).rejects.toThrow(`${query} holds a number that is not finite`);
    tensors.delete(query);
    await writeFile(path, encodeSafetensors(tensors));
    await expect(loadEncoder(dir)).rejects.toMatchObject({
      code: 'model.tensor-missing',
      message: `${dir} has no tensor ${query}`,
    });
  });

  it('is refused when a tensor is of another element type', async () => {
    const dir = await copyOf(bert, 'integers');
    const path = join(dir, 'model.safetensors');
    // Same width as F32, so that the offsets still fit.
    const text = (await readFile(path))
      .toString('latin1')
      .replace(/(word_embeddings.weight":\{"dtype":)"F32"/, '$1"I32"');
    await writeFile(path, text, 'latin1');
    await expect(loadEncoder(dir)).rejects.toThrow(
      /word_embeddings\.weight: elements of I32 cannot be read; F32, F16 and BF16 can/,
    );
  });

  it('is refused when its index reaches out of it, or its file is cut short', async () => {
    const dir = await copyOf(roberta, 'hostile');
    const path = join(dir, 'model.safetensors.index.json');
    const index = await readFile(path, 'utf8');
    for (const name of ['../model.safetensors', '/etc/passwd', 'a/b.safetensors', '..safetensors']) {
      await writeFile(path, index.replace('model-00002-of-00002.safetensors', name));
      await expect(loadEncoder(dir)).rejects.toMatchObject({ code: 'model.index-invalid' });
    }
    await writeFile(path, index);
    const shard = join(dir, 'model-00001-of-00002.safetensors');
    await writeFile(shard, (await readFile(shard)).subarray(0, -10));
    await expect(loadEncoder(dir)).rejects.toThrow(/model-00001-of-00002\.safetensors: Not a valid safetensors file/);
  });
});
