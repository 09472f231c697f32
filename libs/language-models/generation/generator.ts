import { Session, type Feed, type SessionOptions } from '#autograd';
import type { NamedTensors } from '#parameters';
import type { RandomStream } from '#randomness';

import type { DecoderConfig } from '../decoder/decoder-config.ts';
import { tunedManifest } from '../decoder/decoder-tensors.ts';
import type { FrozenDecoder } from '../decoder/load-decoder.ts';
import { ModelError } from '../model-error.ts';
import { tensorNamed } from '../tensor-named.ts';
import { buildGenerator, type GeneratorShape } from './build-generator.ts';

/** A prompt and where its randomness comes from: a stream of its own, so that what is drawn does not depend on its batch-mates. */
export interface Prompt {
  /** At least one token. */
  readonly ids: readonly number[];
  readonly stream: RandomStream;
  /** The stream's position of the first number; one a token from there. Default 0. */
  readonly position?: number;
}

export interface GenerationSettings {
  readonly maxNewTokens: number;
  /** Divides the logits; default 1, 0 is greedy: always the likeliest token. */
  readonly temperature?: number | undefined;
  /** Draw among so many of the likeliest tokens only; needs a generator that is `ranked`, as does `topP`. */
  readonly topK?: number | undefined;
  /** Draw among the fewest likeliest tokens whose probabilities add up to this, after `topK`; probabilities are renormalised over them. */
  readonly topP?: number | undefined;
}

export interface Completion {
  /** The new tokens, the end token included where it was drawn. */
  readonly ids: readonly number[];
  readonly ended: boolean;
}

// Softmax of logits so scaled is 1 for the best token and 0 for the next float32 below it; of equals the smallest number draws the first.
const GREEDY = { inverseTemperature: 1e9, uniform: 2 ** -24 };

/** Continues prompts. `generate` blocks its thread: use it in a worker. */
export class Generator {
  private readonly session: Session;
  private readonly config: DecoderConfig;
  private readonly shape: GeneratorShape;

  private constructor(session: Session, config: DecoderConfig, shape: GeneratorShape) {
    this.session = session;
    this.config = config;
    this.shape = shape;
  }

  /** Compiles the decoder; the weights may be dropped afterwards. */
  static async open(weights: FrozenDecoder, shape: GeneratorShape, options: SessionOptions = {}): Promise<Generator> {
    return new Generator(await Session.open(buildGenerator(weights, shape), options), weights.config, shape);
  }

  /**
   * Continues all prompts at once, until each has drawn the end token or has `maxNewTokens`. `tuned` holds the tensors of
   * `tunedManifest`. The same prompts, streams and tensors give the same tokens. Throws ModelError `generation.*` when
   * settings are out of range or a prompt does not fit the context together with what is to come.
   */
  async generate(
    prompts: readonly Prompt[],
    settings: GenerationSettings,
    tuned: NamedTensors = new Map(),
  ): Promise<Completion[]> {
    if (prompts.length === 0) return [];
    this.check(prompts, settings);
    const outputs = await this.session.run({
      ...padded(prompts, this.config.endTokenId),
      ...this.samplingFeeds(prompts, settings),
      ...this.tunedFeeds(tuned),
      end: { type: 'int64', shape: [], data: BigInt64Array.of(BigInt(this.config.endTokenId)) },
    });
    const batch = prompts.length;
    const [first, rest] = [outputs['first']?.data, outputs['rest']?.data] as [BigInt64Array, BigInt64Array];
    return prompts.map((_, row) => {
      const drawn = [Number(first[row])];
      for (let at = row; at < rest.length; at += batch) drawn.push(Number(rest[at]));
      const end = drawn.indexOf(this.config.endTokenId);
      return end < 0 ? { ids: drawn, ended: false } : { ids: drawn.slice(0, end + 1), ended: true };
    });
  }

  /** Throws what `generate` would throw of these prompts and settings. */
  check(prompts: readonly Prompt[], { maxNewTokens, temperature = 1, topK, topP }: GenerationSettings): void {
    const { vocabulary, maxPositions } = this.config;
    const refuse = (code: string, message: string) => new ModelError(`generation.${code}`, message);
    if (!(Number.isInteger(maxNewTokens) && maxNewTokens >= 1))
      throw refuse('settings', `maxNewTokens is ${maxNewTokens}; it must be a whole number of at least 1.`);
    if (!(temperature >= 0 && temperature < Infinity))
      throw refuse('settings', `temperature is ${temperature}; it must be 0 (greedy) or above.`);
    if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1))
      throw refuse('settings', `topK is ${topK}; it must be a whole number of at least 1.`);
    if (topP !== undefined && !(topP > 0 && topP <= 1))
      throw refuse('settings', `topP is ${topP}; it must lie above 0 and be at most 1.`);
    if (!this.shape.ranked && (topK ?? topP) !== undefined)
      throw refuse('settings', 'topK and topP need a generator that was opened as ranked.');
    for (const [row, { ids }] of prompts.entries()) {
      if (ids.length === 0)
        throw refuse('prompt-empty', `Prompt ${row} has no token; begin with the end-of-text token.`);
      if (ids.length + maxNewTokens > maxPositions)
        throw refuse(
          'prompt-too-long',
          `Prompt ${row} has ${ids.length} tokens, which leaves no room for ${maxNewTokens} more in a context of ${maxPositions}.`,
        );
      const foreign = ids.find((id) => !(id >= 0 && id < vocabulary));
      if (foreign !== undefined)
        throw refuse('token-unknown', `Prompt ${row} has token ${foreign}; the vocabulary ends at ${vocabulary - 1}.`);
    }
  }

  close(): Promise<void> {
    return this.session.close();
  }

  private samplingFeeds(
    prompts: readonly Prompt[],
    { maxNewTokens, temperature = 1, topK, topP }: GenerationSettings,
  ): Record<string, Feed> {
    const greedy = temperature === 0;
    const uniform = new Float32Array(maxNewTokens * prompts.length);
    for (const [row, { stream, position = 0 }] of prompts.entries()) {
      for (let step = 0; step < maxNewTokens; step += 1)
        uniform[step * prompts.length + row] = greedy ? GREEDY.uniform : inside(stream.uniformAt(position + step));
    }
    const feeds: Record<string, Feed> = {
      uniform: { shape: [maxNewTokens, prompts.length], data: uniform },
      inverseTemperature: { shape: [], data: Float32Array.of(greedy ? GREEDY.inverseTemperature : 1 / temperature) },
    };
    if (!this.shape.ranked) return feeds;
    const count = greedy ? 1 : Math.min(topK ?? Infinity, this.config.vocabulary);
    return {
      ...feeds,
      count: { type: 'int64', shape: [1], data: BigInt64Array.of(BigInt(count)) },
      topP: { shape: [], data: Float32Array.of(topP ?? 1) },
    };
  }

  private tunedFeeds(tuned: NamedTensors): Record<string, Feed> {
    const feeds: Record<string, Feed> = {};
    for (const { name } of tunedManifest(this.config, this.shape.trainableBlocks)) {
      feeds[name] = tensorNamed(tuned, name);
    }
    return feeds;
  }
}

/** The middle of one of 2^23 equal parts: inside of (0, 1), and exact in float32. */
function inside(uniform: number): number {
  return (Math.floor(uniform * 2 ** 23) + 0.5) / 2 ** 23;
}

/** Ids and mask, padded on the left to the longest prompt. */
function padded(prompts: readonly Prompt[], padTokenId: number): Record<string, Feed> {
  const columns = Math.max(...prompts.map(({ ids }) => ids.length));
  const shape = [prompts.length, columns];
  const ids = new BigInt64Array(prompts.length * columns).fill(BigInt(padTokenId));
  const mask = new BigInt64Array(prompts.length * columns);
  prompts.forEach((prompt, row) => {
    const begin = (row + 1) * columns - prompt.ids.length;
    ids.set(prompt.ids.map(BigInt), begin);
    mask.fill(1n, begin, (row + 1) * columns);
  });
  return { ids: { type: 'int64', shape, data: ids }, mask: { type: 'int64', shape, data: mask } };
}
