import { probeInt8 } from '#autograd';
import { adapterManifest, headManifest, loraManifest, readEncoderConfig } from '#language-models';
import { elementCount, type NamedTensors } from '#parameters';
import { randomStream } from '#randomness';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { padBatch } from '../batches/pad-batch.ts';
import { packExamples } from '../batches/tokenised-examples.ts';
import { ClassifierSession } from './classifier-session.ts';

const modelFolder = 'models/tiny-encoder';
const [LABELS, LORA_SCALE, TOKENS] = [3, 2, 24];
const shape = { adapters: true, loraBlocks: [0, 1, 2, 3], labels: LABELS };
/** What this processor computes without a sum that saturates. */
const precision = (await probeInt8()) === 127 ? 'int8' : 'int8-7-bit';

/** Eight texts of one length, and a shorter one. */
const examples = packExamples(
  Array.from({ length: 9 }, (_, text) => {
    const stream = randomStream(text, 'classifier session spec');
    return Array.from({ length: text === 8 ? TOKENS / 2 : TOKENS }, () => 1000 + stream.integer(5000));
  }),
  Array<number>(9).fill(0),
);

describe.each(['fp32', precision] as const)('a classifier on a base in %s', (inPrecision) => {
  let session: ClassifierSession;
  let parameters: NamedTensors;

  beforeAll(async () => {
    session = await ClassifierSession.open({ modelFolder, shape, precision: inPrecision }, { threads: 2 });
    const config = await readEncoderConfig(modelFolder);
    const stream = randomStream(1, 'trainables');
    const manifest = [
      ...loraManifest(config, { rank: 2, blocks: shape.loraBlocks }),
      ...adapterManifest(config, 8),
      ...headManifest(config, LABELS),
    ];
    parameters = new Map(
      manifest.map(({ name, shape: dims }) => [
        name,
        { shape: dims, data: Float32Array.from({ length: elementCount(dims) }, () => 0.1 * stream.normal()) },
      ]),
    );
  });
  afterAll(async () => {
    await session.close();
  });

  /** Of each of the texts, read in one batch. */
  async function logits(...texts: readonly number[]): Promise<Float32Array[]> {
    const { data } = await session.logits(parameters, padBatch(examples, texts, session.padTokenId), LORA_SCALE);
    return texts.map((_, row) => data.slice(row * LABELS, (row + 1) * LABELS));
  }

  it('says of a text the same bits alone and among others', async () => {
    const together = await logits(0, 1, 2, 3, 4, 5, 6, 7);
    for (const [text, beside] of together.entries()) expect(await logits(text)).toEqual([beside]);
    expect(new Set(together.map(String)).size).toBe(8);
  });

  it('says of a text that is padded the same bits whoever it is padded for', async () => {
    const [among] = await logits(8, 0);
    expect((await logits(1, 2, 8, 3))[2]).toEqual(among);
    expect((await logits(4, 8))[1]).toEqual(among);
  });
});
