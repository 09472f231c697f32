import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { saveDecoder, saveTokenizer, tokenizerFromJson, trainBytePair, type DecoderConfig } from '#language-models';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { initialDecoder } from '../pretraining/initial-decoder.ts';
import { streamText } from './stream-text.ts';

const config: DecoderConfig = {
  modelType: 'gpt2',
  layers: 2,
  hidden: 16,
  heads: 2,
  intermediate: 32,
  vocabulary: 300,
  maxPositions: 64,
  layerNormEpsilon: 1e-5,
  activation: 'gelu_new',
  endTokenId: 0,
};

describe('text that is streamed', () => {
  let folder = '';
  const write = async (prompt: Parameters<typeof streamText>[1], settings: object, signal?: AbortSignal) => {
    const pieces: string[] = [];
    const onPiece = (piece: string) => pieces.push(piece);
    const options = { settings: { maxNewTokens: 30, ...settings }, seed: 3, threads: 1, onPiece };
    const generated = await streamText(folder, prompt, signal === undefined ? options : { ...options, signal });
    return { pieces, ...generated };
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'airtune-generate-'));
    await saveDecoder(folder, { config, tensors: initialDecoder(config, 1) }, { precision: 'fp32' });
    await saveTokenizer(folder, tokenizerFromJson(await trainBytePair(['Bells ring, doors open.'], 300)));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it('comes in pieces that make the whole, the same for the same seed', async () => {
    const first = await write({ instruction: 'Ring.' }, { temperature: 1 });
    expect(first.pieces.length).toBeGreaterThan(1);
    expect(first.pieces.join('')).toBe(first.text);
    expect(first.newTokens).toBeLessThanOrEqual(30);
    expect(await write({ instruction: 'Ring.' }, { temperature: 1 })).toEqual(first);
    expect((await write({ text: 'Ring.' }, { temperature: 1 })).text).not.toBe(first.text);
  });

  it('stops when asked to, and says so', async () => {
    const generated = await write({ instruction: 'Ring.' }, {}, AbortSignal.abort());
    expect(generated).toMatchObject({ text: '', newTokens: 0, reason: 'stopped' });
  });

  it('refuses a prompt that leaves no room before it writes anything', async () => {
    const long = write({ instruction: 'Ring. '.repeat(20) }, { maxNewTokens: 20 });
    await expect(long).rejects.toMatchObject({ code: 'generation.prompt-too-long' });
  });
});
