import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tuneSpec } from '#contracts';
import {
  Generator,
  loadDecoder,
  loadTokenizer,
  saveDecoder,
  saveTokenizer,
  tokenizerFromJson,
  trainBytePair,
  tunedManifest,
  type DecoderConfig,
} from '#language-models';
import { randomStream } from '#randomness';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { initialDecoder } from '../pretraining/initial-decoder.ts';
import { tuneOnInstructions } from '../pretraining/train-in-worker.ts';
import { promptTokens } from './prompt-tokens.ts';

const ANSWERS = { dogs: 'They bark.', cats: 'They purr.', cows: 'They moo.' };
const rows = Array.from({ length: 1800 }, (_, i) => {
  const animal = (['dogs', 'cats', 'cows'] as const)[i % 3]!;
  return { instruction: `What do ${animal} do in year ${i}?`, output: ANSWERS[animal] };
});
const config: DecoderConfig = {
  modelType: 'gpt2',
  layers: 2,
  hidden: 32,
  heads: 2,
  intermediate: 64,
  vocabulary: 320,
  maxPositions: 48,
  layerNormEpsilon: 1e-5,
  activation: 'gelu_new',
  endTokenId: 0,
};

describe('instruction tuning', () => {
  let home: string;
  const specFor = (out: string, training: object = {}) =>
    tuneSpec.parse({
      model: join(home, 'base'),
      out: join(home, out),
      data: { source: 'jsonl', train: join(home, 'rows.jsonl') },
      training: { steps: 200, batchSize: 16, maxTokens: 40, learningRate: 5e-3, ...training },
      precision: 'fp32',
    });

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'tune-'));
    await writeFile(join(home, 'rows.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'));
    const texts = rows.map(({ instruction, output }) => `Q: ${instruction}\nA: ${output}`);
    await saveDecoder(join(home, 'base'), { config, tensors: initialDecoder(config, 1) }, { precision: 'fp32' });
    await saveTokenizer(join(home, 'base'), tokenizerFromJson(await trainBytePair(texts, config.vocabulary)));
  });

  afterAll(async () => {
    await rm(home, { recursive: true });
  });

  it('teaches answers, which end', async () => {
    const report = await tuneOnInstructions(specFor('all'), { workFolder: join(home, 'work') });
    expect(report).toMatchObject({ steps: 200, trainDocuments: 1620, heldOutDocuments: 180 });
    expect(report.heldOutAccuracy).toBeGreaterThan(0.9);
    const tokenizer = await loadTokenizer(join(home, 'all'));
    const generator = await Generator.open(await loadDecoder(join(home, 'all')), { trainableBlocks: 0, ranked: false });
    const ids = promptTokens(tokenizer, { instruction: 'What do cats do in year 2000?' });
    const prompt = { ids, stream: randomStream(1, 'tuning spec') };
    const [completion] = await generator.generate([prompt], { maxNewTokens: 12, temperature: 0 });
    await generator.close();
    expect(completion!.ended).toBe(true);
    expect(tokenizer.decode(completion!.ids).trim()).toBe('They purr.');
  });

  it('changes the last blocks alone when asked to, and goes on after a stop to the same bits', async () => {
    const spec = specFor('top', { steps: 12, trainableBlocks: 1 });
    const controller = new AbortController();
    const stopped = tuneOnInstructions(spec, {
      workFolder: join(home, 'work-top'),
      signal: controller.signal,
      onProgress: (progress) => {
        if (progress.phase === 'step' && progress.step === 5) controller.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'pretraining.stopped', retryable: true });
    const resumed = await tuneOnInstructions(spec, { workFolder: join(home, 'work-top') });
    const whole = await tuneOnInstructions({ ...spec, out: join(home, 'whole') }, { workFolder: join(home, 'other') });
    expect({ ...resumed, out: '' }).toEqual({ ...whole, out: '' });
    const [before, after] = [await loadDecoder(join(home, 'base')), await loadDecoder(join(home, 'top'))];
    const changed = [...after.tensors].filter(([name, { data }]) =>
      data.some((x, i) => x !== before.tensors.get(name)!.data[i]),
    );
    expect(changed.map(([name]) => name).sort()).toEqual(
      tunedManifest(config, 1)
        .map(({ name }) => name)
        .sort(),
    );
  });

  it.each([
    [{ maxTokens: 64 }, "training.maxTokens: 64 is more than the model's context, 48"],
    [{ trainableBlocks: 3 }, 'training.trainableBlocks: 3 is more than the model has, 2'],
    [{ maxTokens: 8 }, 'training.maxTokens: no training instruction fits in 8 tokens'],
  ])('names the field that does not fit: %o', async (training, message) => {
    const tuning = tuneOnInstructions(specFor('wrong', training), { workFolder: join(home, 'work-wrong') });
    await expect(tuning).rejects.toMatchObject({ code: 'tuning.spec', message: expect.stringContaining(message) });
  });
});
