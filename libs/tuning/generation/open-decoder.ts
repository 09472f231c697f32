import { probeInt8 } from '#autograd';
import {
  inPrecision,
  int8LevelsHere,
  int8Of,
  LEVELS,
  ModelError,
  precisionOf,
  readDecoderDescription,
  sparseAttention,
  tunedTensors,
  type BasePrecision,
  type FrozenDecoder,
  type GeneratorShape,
} from '#language-models';
import type { NamedTensors } from '#parameters';
import type { GenerationOrder } from './generation-messages.ts';

/** A decoder's folder as texts are written with it. */
export interface OpenDecoder {
  readonly weights: FrozenDecoder;
  readonly precision: BasePrecision;
  readonly shape: GeneratorShape;
  /** Tensors of the blocks that are fed at each run. */
  readonly tuned: NamedTensors;
  /** What its user should know. */
  readonly note?: string;
}

/**
 * Opens a decoder in the precision that is asked for, else in what an exported folder says of itself, else in fp32. What a client tuned is in
 * fp32 all the same and computed as in its rollouts, and leaves out the keys that these left out. Throws ModelError `model.*`, `export.*`,
 * `tokenizer.*`; `model.int8-unsupported` where this processor cannot multiply 8-bit numbers exactly. `probe` is for tests.
 */
export async function openDecoder(
  decoder: FrozenDecoder,
  { folder, precision: asked }: Pick<GenerationOrder, 'folder' | 'precision'>,
  probe = probeInt8,
): Promise<OpenDecoder> {
  const description = await readDecoderDescription(folder);
  const {
    trainableBlocks = 0,
    attentionSparsity = 0,
    precision: written = 'fp32',
    exceptions = [],
  } = description ?? {};
  const stranger = exceptions.find((name) => !decoder.tensors.has(name) && !decoder.tensors.has(`${name}.weight`));
  if (stranger !== undefined) throw misfit(folder, `exceptions names ${stranger}, a layer that the model has not`);
  if (trainableBlocks > decoder.config.layers)
    throw misfit(folder, `trainableBlocks is ${trainableBlocks}, and the model has ${decoder.config.layers}`);
  const sparse =
    attentionSparsity === 0 ? {} : { blockBias: sparseAttention(decoder.config, trainableBlocks, attentionSparsity) };
  const wanted = asked ?? written;
  if (wanted === 'fp32') {
    const shape = { trainableBlocks: 0, ranked: true, ...sparse };
    return { weights: decoder, precision: 'fp32', shape, tuned: new Map() };
  }
  const levels = await int8LevelsHere(probe);
  const asWritten = written !== 'fp32' && LEVELS[written] <= levels;
  const weights: FrozenDecoder = asWritten
    ? {
        ...decoder,
        arithmetic: { precision: 'int8', levels: LEVELS[written], exceptions: new Set(exceptions) },
      }
    : await inPrecision(decoder, { precision: int8Of(levels), modelFolder: folder });
  return {
    weights,
    precision: precisionOf(weights),
    shape: { trainableBlocks, ranked: true, ...sparse },
    tuned: tunedTensors(decoder, trainableBlocks),
    ...(levels === LEVELS.int8 ? {} : { note: sevenBits(written) }),
  };
}

/** Of a description that was written for another model, or by hand. */
function misfit(folder: string, problem: string): ModelError {
  return new ModelError('export.description', `${folder}: in airtune.json, ${problem}: export the client again.`);
}

function sevenBits(written: BasePrecision): string {
  const evaluated = written === 'int8' ? '; the client was evaluated with 8' : '';
  return `sums of 8-bit products saturate on this processor: weights of the base have 7 bits${evaluated}`;
}
