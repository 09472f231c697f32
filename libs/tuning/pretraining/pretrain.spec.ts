import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pretrainSpec } from '#contracts';
import { loadDecoder, loadEncoder, loadTokenizer } from '#language-models';
import { randomStream } from '#randomness';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pretrain } from './train-in-worker.ts';
import type { TrainingProgress } from './training-report.ts';

/** A language in which the last word follows from the first: there is something to learn. */
function sentences(count: number): string {
  const stream = randomStream(3, 'pretraining text');
  const pairs = [
    ['dogs', 'bark'],
    ['cats', 'purr'],
    ['cows', 'moo'],
    ['birds', 'sing'],
  ] as const;
  const lines = Array.from({ length: count }, (_, i) => {
    const [animal, sound] = pairs[stream.integer(4)]!;
    return `${animal} number ${i} will always ${sound}`;
  });
  return lines.join('\n');
}

describe('pre-training an encoder', () => {
  let home: string;
  const specFor = (out: string, training: object = {}) =>
    pretrainSpec.parse({
      out: join(home, out),
      text: { source: 'text', files: [join(home, 'text.txt')], heldOutFraction: 0.1 },
      tokenizer: { vocabulary: 300 },
      model: { layers: 1, hidden: 16, heads: 2, intermediate: 32, maxPositions: 16 },
      training: {
        steps: 60,
        batchSize: 16,
        maxTokens: 12,
        learningRate: 1e-2,
        saveEverySteps: 10,
        evaluateEverySteps: 30,
        ...training,
      },
      precision: 'fp32',
    });

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'pretrain-'));
    await writeFile(join(home, 'text.txt'), sentences(600));
  });

  afterAll(async () => {
    await rm(home, { recursive: true });
  });

  it('writes a folder that can be loaded, and has learnt something', async () => {
    const progress: TrainingProgress[] = [];
    const report = await pretrain(specFor('out'), {
      workFolder: join(home, 'work'),
      onProgress: (step) => progress.push(step),
    });
    expect(await readdir(join(home, 'out'))).toEqual(
      expect.arrayContaining([
        'config.json',
        'model.safetensors',
        'tokenizer.json',
        'tokenizer_config.json',
        'vocab.txt',
      ]),
    );
    const { config } = await loadEncoder(join(home, 'out'));
    const tokenizer = await loadTokenizer(join(home, 'out'));
    expect(config).toMatchObject({ layers: 1, hidden: 16, vocabulary: tokenizer.vocabularySize });
    expect(tokenizer.decode(tokenizer.encode('Dogs bark', 12))).toBe('dogs bark');
    const losses = progress.flatMap((step) => (step.phase === 'step' ? step.loss : []));
    expect(losses).toHaveLength(60);
    expect(report.heldOutLoss).toBeLessThan(losses[0]! - 1);
    expect(report).toMatchObject({ steps: 60, heldOutPerplexity: Math.exp(report.heldOutLoss) });
    expect(progress.filter(({ phase }) => phase === 'held-out')).toHaveLength(1);
  });

  it('goes on after it was stopped, to the same bits', async () => {
    const controller = new AbortController();
    const stopped = pretrain(specFor('stopped'), {
      workFolder: join(home, 'work-stopped'),
      signal: controller.signal,
      onProgress: (progress) => {
        if (progress.phase === 'step' && progress.step === 13) controller.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'pretraining.stopped', retryable: true });
    const resumed: TrainingProgress[] = [];
    const onProgress = (progress: TrainingProgress) => resumed.push(progress);
    const report = await pretrain(specFor('stopped'), { workFolder: join(home, 'work-stopped'), onProgress });
    expect(resumed.find(({ phase }) => phase === 'resumed')).toMatchObject({ steps: 60 });
    const whole = await pretrain(specFor('whole'), { workFolder: join(home, 'work-whole') });
    expect(report).toEqual({ ...whole, out: report.out });
  });

  it('starts again from the last whole checkpoint when it was killed while writing one', async () => {
    const work = join(home, 'work-killed');
    await cp(join(home, 'work-whole'), work, { recursive: true });
    const [run] = await readdir(work);
    await writeFile(join(work, run!, 'step-000000070.safetensors.partial'), 'half of a');
    const report = await pretrain(specFor('killed'), { workFolder: work });
    expect(report.steps).toBe(60);
  });

  it('trains a GPT-2 on next tokens as well', async () => {
    const spec = pretrainSpec.parse({
      ...specFor('causal'),
      model: { type: 'gpt2', layers: 2, hidden: 16, heads: 2, context: 24 },
      tokenizer: { vocabulary: 400 },
      training: { ...specFor('causal').training, maxTokens: 24 },
    });
    const progress: TrainingProgress[] = [];
    const report = await pretrain(spec, {
      workFolder: join(home, 'work-causal'),
      onProgress: (step) => progress.push(step),
    });
    const { config } = await loadDecoder(join(home, 'causal'));
    const tokenizer = await loadTokenizer(join(home, 'causal'));
    expect(config).toMatchObject({ layers: 2, hidden: 16, maxPositions: 24, vocabulary: tokenizer.vocabularySize });
    expect(tokenizer.decode(tokenizer.encodeRaw('Dogs bark?'))).toBe('Dogs bark?');
    const losses = progress.flatMap((step) => (step.phase === 'step' ? step.loss : []));
    expect(report.heldOutLoss).toBeLessThan(losses[0]! / 2);
    // The sound follows from the animal, the words between are always the same; what remains is numbers.
    expect(report.heldOutAccuracy).toBeGreaterThan(0.5);
  });

  it('names the field that does not fit', async () => {
    const spec = specFor('wrong', { maxTokens: 32 });
    await expect(pretrain(spec, { workFolder: join(home, 'work-wrong') })).rejects.toMatchObject({
      code: 'pretraining.spec',
      message: expect.stringContaining('training.maxTokens: 32 is more than model.maxPositions, 16'),
    });
  });
});
