import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { probeInt8, Session } from '#autograd';
import {
  digestCheckpoint,
  exportDecoder,
  Generator,
  inPrecision,
  loadDecoder,
  loadTokenizer,
  sparseAttention,
  tunedManifest,
  withDecoder,
  type BasePrecision,
  type DecoderWeights,
  type PersonalisedDecoder,
} from '#language-models';
import type { NamedTensors } from '#parameters';
import { randomStream } from '#randomness';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { promptTokens } from '../instruction-tuning/prompt-tokens.ts';
import { openDecoder } from './open-decoder.ts';
import { streamText } from './stream-text.ts';

const modelFolder = 'models/tiny-gpt2';
const [TUNED, SPARSITY, NEW_TOKENS, SEED] = [2, 0.4, 24, 5];
const prompt = { instruction: 'Define "river".' };
/** Makes each once. */
function remembering<T>(make: (precision: BasePrecision) => Promise<T>) {
  const known = new Map<BasePrecision, Promise<T>>();
  return (precision: BasePrecision): Promise<T> => {
    const value = known.get(precision) ?? make(precision);
    known.set(precision, value);
    return value;
  };
}

interface Drawing {
  readonly ranked: boolean;
  readonly temperature: number;
}
const GREEDY: Drawing = { ranked: false, temperature: 0 };
const DRAWN: Drawing = { ranked: true, temperature: 1.5 };
/** What this processor computes without a sum that saturates. */
const levels = (await probeInt8()) ?? 63;
const int8: BasePrecision = levels === 127 ? 'int8' : 'int8-7-bit';

describe('a decoder that was trained on a base in int8', () => {
  let folder: string;
  let tuned: NamedTensors;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'airtune-generate-int8-'));
    const { config, tensors } = await loadDecoder(modelFolder);
    const stream = randomStream(1, 'generate int8');
    tuned = new Map(
      tunedManifest(config, TUNED).map(({ name, shape }) => {
        const data = tensors.get(name)!.data.map((x) => x * (1 + 0.2 * stream.normal()));
        return [name, { shape, data }];
      }),
    );
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  const baseIn = remembering(async (precision) =>
    inPrecision(await loadDecoder(modelFolder), { precision, modelFolder }),
  );
  const exported = remembering(async (precision) => {
    const dir = join(folder, precision);
    await exportWith(await baseIn(precision), dir);
    return dir;
  });

  async function exportWith(base: DecoderWeights, dir: string): Promise<void> {
    const model: PersonalisedDecoder = {
      ...{ experiment: 'small', client: 'client-0', trainableBlocks: TUNED, attentionSparsity: SPARSITY },
      base,
      baseDigest: `sha256:${'0'.repeat(64)}`,
      tokenizer: await loadTokenizer(modelFolder),
      tensors: tuned,
    };
    await exportDecoder(dir, model);
  }

  /** What a client's policy writes with its tensors fed, as rollouts are computed; drawn from ranks as `airtune generate` draws. */
  async function policyTokens(precision: BasePrecision, { ranked, temperature }: Drawing) {
    const weights = await baseIn(precision);
    const blockBias = sparseAttention(weights.config, TUNED, SPARSITY);
    const generator = await Generator.open(weights, { trainableBlocks: TUNED, ranked, blockBias });
    const start = promptTokens(await loadTokenizer(modelFolder), prompt);
    const asked = [{ ids: start, stream: randomStream(SEED, 'generate-text') }];
    const [completion] = await generator.generate(asked, { maxNewTokens: NEW_TOKENS, temperature }, tuned);
    await generator.close();
    return { start, ids: completion!.ids };
  }

  async function generated(dir: string, temperature: number, precision?: 'fp32' | 'int8') {
    const notes: string[] = [];
    const text = await streamText(dir, prompt, {
      ...{ settings: { maxNewTokens: NEW_TOKENS, temperature }, seed: SEED, threads: 1, precision },
      onPiece: () => undefined,
      onNote: (note) => notes.push(note),
    });
    return { ...text, notes };
  }

  /** Logits of a sequence, [tokens, vocabulary], from the ONNX file alone. */
  async function logitsOf(dir: string, ids: readonly number[]): Promise<Float32Array> {
    const bytes = await readFile(join(dir, 'model.onnx'));
    const session = await Session.open({ bytes, weights: [], nodes: [] });
    const shape = [1, ids.length];
    const { logits } = await session.run({
      input_ids: { type: 'int64', shape, data: BigInt64Array.from(ids, BigInt) },
      attention_mask: { type: 'int64', shape, data: BigInt64Array.from(ids, () => 1n) },
    });
    await session.close();
    return logits!.data as Float32Array;
  }

  it.each([GREEDY, DRAWN])('writes what its policy writes, in int8 without being asked: %j', async (drawing) => {
    const dir = await exported(int8);
    const tokenizer = await loadTokenizer(modelFolder);
    const { ids } = await policyTokens(int8, drawing);
    expect(await generated(dir, drawing.temperature)).toMatchObject({
      text: tokenizer.decode(ids).trimStart(),
      precision: int8,
      notes: levels === 127 ? [] : [expect.stringMatching(/^sums of 8-bit products saturate.*have 7 bits$/)],
    });
  });

  it('writes another text in fp32, when that is asked for or its folder was written so', async () => {
    const { ids } = await policyTokens('fp32', DRAWN);
    const text = (await loadTokenizer(modelFolder)).decode(ids).trimStart();
    const expected = { text, precision: 'fp32', notes: [] };
    expect(await generated(await exported(int8), DRAWN.temperature, 'fp32')).toMatchObject(expected);
    expect(await generated(await exported('fp32'), DRAWN.temperature)).toMatchObject(expected);
    expect((await generated(await exported(int8), DRAWN.temperature)).text).not.toBe(text);
  });

  it('says in model.onnx what its policy says, in fewer bytes, and has fp32 weights for transformers', async () => {
    const [dir, whole] = [await exported(int8), await exported('fp32')];
    const { start, ids } = await policyTokens(int8, GREEDY);
    const all = [...start, ...ids];
    const { config } = await loadDecoder(dir);
    const logits = await logitsOf(dir, all);
    const likeliest = (position: number): number => {
      const row = logits.subarray(position * config.vocabulary, (position + 1) * config.vocabulary);
      return row.indexOf(Math.max(...row));
    };
    expect(ids.map((_, i) => likeliest(start.length - 1 + i))).toEqual(ids);
    const inFp32 = await logitsOf(whole, all);
    expect(logits.reduce((most, x, i) => Math.max(most, Math.abs(x - inFp32[i]!)), 0)).toBeGreaterThan(0.01);
    expect(await digestCheckpoint(dir)).toBe(await digestCheckpoint(whole));
    // Two of four blocks in a quarter of the bytes; the vocabulary's table once more, as the head reads it.
    const size = async (folder: string) => (await stat(join(folder, 'model.onnx'))).size;
    const saved = 3 * (2 * 12 * 128 * 128) - 128 * config.vocabulary;
    const difference = (await size(whole)) - (await size(dir));
    expect(difference).toBeGreaterThan(0.9 * saved);
    expect(difference).toBeLessThan(saved);
  });

  const opened = (order: { folder: string; precision?: 'fp32' | 'int8' }, probe?: typeof probeInt8) =>
    withDecoder(order.folder, (decoder) => openDecoder(decoder, order, probe));

  it('is computed as it was written where the processor can, with 7 bits where it must, and not at all where it cannot', async () => {
    const probing = (most: 127 | 63 | undefined) => () => Promise.resolve(most);
    const exceptions = new Set(['decoder.1.output']);
    const arithmetic = (levels: 127 | 63) => ({ precision: 'int8' as const, levels, exceptions });
    const [eight, seven] = [join(folder, 'eight'), join(folder, 'seven')];
    await exportWith({ ...(await loadDecoder(modelFolder)), arithmetic: arithmetic(127) }, eight);
    await exportWith({ ...(await loadDecoder(modelFolder)), arithmetic: arithmetic(63) }, seven);
    const asWritten = await opened({ folder: eight }, probing(127));
    expect(asWritten).toMatchObject({ precision: 'int8', weights: { arithmetic: arithmetic(127) } });
    const lower = await opened({ folder: seven }, probing(127));
    expect(lower).toMatchObject({ precision: 'int8-7-bit', weights: { arithmetic: arithmetic(63) } });
    expect([asWritten.note, lower.note]).toEqual([undefined, undefined]);
    expect(await opened({ folder: eight }, probing(63))).toMatchObject({
      precision: 'int8-7-bit',
      weights: { arithmetic: { levels: 63, exceptions: new Set() } },
      note: expect.stringMatching(/have 7 bits; the client was evaluated with 8$/),
    });
    await expect(opened({ folder: eight }, probing(undefined))).rejects.toMatchObject({
      code: 'model.int8-unsupported',
    });
  });

  it.each([
    [{ exceptions: ['decoder.9.output'] }, /exceptions names decoder\.9\.output, a layer that the model has not/],
    [{ trainableBlocks: 99 }, /trainableBlocks is 99, and the model has 4/],
    [{ precision: 'int4' }, /does not describe a decoder \(precision: .*"int8-7-bit"/],
    [undefined, /airtune\.json cannot be read \(.*EISDIR/],
  ])('is refused with a description that was changed: %j', async (change, message) => {
    const dir = join(folder, `changed-${JSON.stringify(change ?? {})}`.replaceAll(/[^\w-]/g, ''));
    await exportWith(await loadDecoder(modelFolder), dir);
    const path = join(dir, 'airtune.json');
    const description = JSON.parse(await readFile(path, 'utf8')) as object;
    await rm(path);
    await (change === undefined ? mkdir(path) : writeFile(path, JSON.stringify({ ...description, ...change })));
    const error = await opened({ folder: dir }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'export.description', message: expect.stringMatching(message) });
  });

  it('may be any GPT-2: all of it is then in int8', async () => {
    const { shape, weights } = await opened({ folder: modelFolder, precision: 'int8' });
    expect(shape).toEqual({ trainableBlocks: 0, ranked: true });
    expect(weights.arithmetic).toEqual({ precision: 'int8', levels, exceptions: new Set(), gradients: 'copies' });
    expect((await opened({ folder: modelFolder })).precision).toBe('fp32');
  });
});
