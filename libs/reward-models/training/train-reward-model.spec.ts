import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { rewardSpec } from '#contracts';
import { randomStream } from '#randomness';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readRewardFolder } from '../folder/read-folder.ts';
import { standardisedRange } from '../folder/reward-description.ts';
import { ScoreSession } from '../scoring/score-session.ts';
import { trainRewardModel } from './train-reward-model.ts';
import type { RewardTrainingProgress } from './training-report.ts';

const ENCODER = resolve(import.meta.dirname, '../../../models/tiny-encoder');
const DECODER = resolve(import.meta.dirname, '../../../models/tiny-gpt2');

/** Kind answers above unkind ones: something that the encoder's words can tell. */
function pairs(count: number): string {
  const stream = randomStream(5, 'kindness');
  const [kind, unkind] = [
    ['gladly', 'thank you', 'happy to help'],
    ['go away', 'never', 'I hate this'],
  ];
  return Array.from({ length: count }, (_, i) => {
    const row = { prompt: `please do task ${i}`, chosen: kind[stream.integer(3)], rejected: unkind[stream.integer(3)] };
    return `${JSON.stringify(row)}\n`;
  }).join('');
}

describe('training a reward model', () => {
  let home: string;
  const specFor = (out: string, training: object = {}) =>
    rewardSpec.parse({
      name: 'kindness',
      model: ENCODER,
      pairs: { source: 'jsonl', train: join(home, 'pairs.jsonl'), testFraction: 0.25 },
      training: {
        epochs: 1,
        batchSize: 8,
        learningRate: 2e-3,
        maxTokens: 16,
        trainableBlocks: 1,
        saveEverySteps: 5,
        evaluateEverySteps: 8,
        ...training,
      },
      out: join(home, out),
    });

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'reward-'));
    await writeFile(join(home, 'pairs.jsonl'), pairs(160));
  });

  afterAll(async () => {
    await rm(home, { recursive: true });
  });

  it('writes a folder that scores as it says', async () => {
    const progress: RewardTrainingProgress[] = [];
    const report = await trainRewardModel(specFor('out'), {
      workFolder: join(home, 'work'),
      threads: 1,
      onProgress: (step) => progress.push(step),
    });
    expect(report).toMatchObject({
      name: 'kindness',
      version: '1',
      pairs: 160,
      trainPairs: 120,
      heldOutPairs: 40,
      steps: 15,
    });
    expect(report.pairAccuracy).toBeGreaterThan(0.9);
    expect(report.pairAccuracyInterval.low).toBeGreaterThan(0.75);
    expect(progress.map(({ phase }) => phase)).toEqual(
      expect.arrayContaining(['pairs', 'tokenised', 'held-out', 'saved']),
    );
    const session = await ScoreSession.open(join(home, 'out'));
    const { description } = session;
    const scores = await session.score([
      { prompt: 'please do task 7', completion: 'gladly' },
      { prompt: 'please do task 7', completion: 'I hate this' },
      { prompt: 'please do task 7', completion: '' },
    ]);
    await session.close();
    expect(description.digest).toBe(report.digest);
    expect(scores[0]! - scores[1]!).toBeGreaterThan(1);
    for (const score of scores) {
      expect(score).toBeGreaterThanOrEqual(description.range.lowest);
      expect(score).toBeLessThanOrEqual(description.range.highest);
    }
    const { lowest, highest } = standardisedRange(description);
    expect(lowest).toBeLessThan(-1);
    expect(highest).toBeGreaterThan(1);
  });

  it('starts from a decoder too, and writes a folder of the same kind', async () => {
    const spec = { ...specFor('from-decoder', { learningRate: 5e-3 }), model: DECODER };
    const report = await trainRewardModel(spec, { workFolder: join(home, 'work-decoder'), threads: 1 });
    expect(report.pairAccuracy).toBeGreaterThan(0.9);
    expect(report.calibrationError).toBeLessThan(0.3);
    const session = await ScoreSession.open(join(home, 'from-decoder'));
    const kind = { prompt: 'please do task 7', completion: 'gladly' };
    const unkind = { ...kind, completion: 'I hate this' };
    const [alone = NaN] = await session.score([kind]);
    // The state that is read is that of a row's own last token, wherever its batch-mates end.
    const [first = NaN, second = NaN] = await session.score([kind, unkind]);
    await session.close();
    expect(session.description.training!.base.type).toBe('gpt2');
    expect(Math.abs(first - alone)).toBeLessThan(1e-4);
    expect(first - second).toBeGreaterThan(1);
  });

  it('goes on after it was stopped, to the same bits', async () => {
    const controller = new AbortController();
    const stopped = trainRewardModel(specFor('stopped'), {
      workFolder: join(home, 'work-stopped'),
      threads: 1,
      signal: controller.signal,
      onProgress: (progress) => {
        if (progress.phase === 'step' && progress.step === 3) controller.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'reward.stopped', retryable: true });
    const resumed: RewardTrainingProgress[] = [];
    const report = await trainRewardModel(specFor('stopped'), {
      workFolder: join(home, 'work-stopped'),
      threads: 1,
      onProgress: (progress) => resumed.push(progress),
    });
    expect(resumed.some(({ phase }) => phase === 'resumed')).toBe(true);
    expect(report.digest).toBe((await readRewardFolder(join(home, 'out'))).digest);
  });

  it('tells a folder that was changed from the one that it wrote', async () => {
    await cp(join(home, 'out'), join(home, 'changed'), { recursive: true });
    const path = join(home, 'changed', 'reward.json');
    const description = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    await writeFile(path, JSON.stringify({ ...description, standardisation: { mean: 0, deviation: 0.01 } }));
    await expect(readRewardFolder(join(home, 'changed'))).rejects.toMatchObject({ code: 'reward.digest' });
    await writeFile(path, JSON.stringify({ ...description, digest: undefined, unknown: 1 }));
    await expect(readRewardFolder(join(home, 'changed'))).rejects.toThrow(/reward\.json: unknown: unknown field/);
    await expect(readRewardFolder(join(home, 'nowhere'))).rejects.toThrow(/reward\.json is missing/);
  });

  it.each([
    [{ maxTokens: 512 }, /training\.maxTokens: 512 is more than the 128 positions/],
    [{ trainableBlocks: 9 }, /training\.trainableBlocks: 9 blocks are asked for, and the model has 4/],
  ])('refuses %j', async (training, message) => {
    const options = { workFolder: join(home, 'work-wrong'), threads: 1 };
    await expect(trainRewardModel(specFor('wrong', training), options)).rejects.toThrow(message);
  });
});
