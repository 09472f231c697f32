import {
  add,
  cumulativeSum,
  dimAt,
  expand,
  gather,
  layerNorm,
  reshape,
  slice,
  type GraphBuilder,
  type Value,
} from '#autograd';

import type { EncoderConfig } from '../checkpoints/encoder-config.ts';
import type { GraphParameters } from '../graph-parameters.ts';

/** What an encoder reads: int64 [batch, sequence] each; mask is 1 for a token and 0 for padding on the right. */
export interface EncoderInputs {
  readonly ids: Value;
  readonly mask: Value;
}

/** Word + position + token type 0, normalised: [sequence, batch, hidden] from inputs [sequence, batch]. */
export function embedTokens(
  g: GraphBuilder,
  config: EncoderConfig,
  parameters: GraphParameters,
  { ids, mask }: EncoderInputs,
): Value {
  const { hidden, layerNormEpsilon: epsilon } = config;
  const words = gather(g, parameters.tensor('embeddings.word'), ids);
  const positions = gather(g, parameters.tensor('embeddings.position'), positionIds(g, config, mask));
  const type = reshape(g, slice(g, parameters.tensor('embeddings.type'), { axis: 0, start: 0, end: 1 }), [hidden]);
  const weight = parameters.tensor('embeddings.norm.weight');
  const bias = parameters.tensor('embeddings.norm.bias');
  return layerNorm(g, add(g, words, add(g, positions, type)), { weight, bias, epsilon });
}

/** BERT counts from 0; RoBERTa counts tokens from its offset, and all padding sits at the padding position. */
function positionIds(g: GraphBuilder, { modelType, positionOffset }: EncoderConfig, mask: Value): Value {
  const integer = (n: number): Value => g.scalar(n, 'int64');
  const count = (op: 'Add' | 'Mul', a: Value, b: Value): Value =>
    g.emitOne({ operator: op, inputs: [a, b], type: 'int64', shape: a.shape });
  if (modelType === 'roberta')
    return count('Add', count('Mul', cumulativeSum(g, mask, 0), mask), integer(positionOffset - 1));
  const ones = expand(g, g.integers([1]), [dimAt(mask.shape, 0), 1]);
  return count('Add', cumulativeSum(g, ones, 0), integer(positionOffset - 1));
}
