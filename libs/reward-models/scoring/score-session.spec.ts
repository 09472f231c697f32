import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  buildRewardModel,
  loadRewardBase,
  loadTokenizer,
  paddingFor,
  rewardHeadManifest,
  saveTokenizer,
} from '#language-models';
import { elementCount } from '#parameters';
import { describe, expect, it } from '@jest/globals';
import { ScoreSession } from './score-session.ts';

const GPT2 = resolve(import.meta.dirname, '../../../models/tiny-gpt2');
/**
 * What transformers 5.24 scores: its tokenizer, ids as [end] prompt [end] completion [end], GPT2ForSequenceClassification with one
 * label, padded on the right with an id that occurs nowhere, its `score` being dense, tanh, output with weights by formula.
 */
const REFERENCE = resolve(import.meta.dirname, '../fixtures/decoder-scores.json');

describe('a reward folder made from a GPT-2', () => {
  it("scores texts of different lengths as transformers' GPT2ForSequenceClassification", async () => {
    const expected = JSON.parse(await readFile(REFERENCE, 'utf8')) as {
      prompt: string;
      completion: string;
      score: number;
    }[];
    const base = await loadRewardBase(GPT2);
    const wave = (index: number) => (_: unknown, i: number) =>
      0.4 * Math.sin(1.3 * i + ((0.7 * i * i) % 5) + 2.1 * (index + 101));
    const head = new Map(
      rewardHeadManifest(base.config).map(({ name, shape }, index) => [
        name,
        { shape, data: Float32Array.from({ length: elementCount(shape) }, wave(index)) },
      ]),
    );
    const folder = await mkdtemp(join(tmpdir(), 'airtune-decoder-reward-'));
    await writeFile(join(folder, 'model.onnx'), buildRewardModel(base, head, 'fp32').bytes);
    await saveTokenizer(folder, await loadTokenizer(GPT2));
    const description = {
      format: 'airtune-reward-1',
      name: 'from-decoder',
      version: '1',
      input: { maxTokens: 128, padTokenId: paddingFor(base.config) },
      range: { lowest: -100, highest: 100 },
    };
    await writeFile(join(folder, 'reward.json'), JSON.stringify(description));
    const session = await ScoreSession.open(folder);
    const scores = await session.score(expected);
    await session.close();
    await rm(folder, { recursive: true });
    expect(scores).toBeAllClose(
      expected.map(({ score }) => score),
      { relative: 1e-4 },
    );
  });
});
