import { compileModel, GraphBuilder, productOf, reshape, type OnnxModel } from '#autograd';

import { causalView, type BlockBias } from '../decoder/attention-view.ts';
import {
  decoderBlocks,
  embedTokens,
  finalStates,
  vocabularyLogits,
  type DecoderSource,
} from '../decoder/decoder-graph.ts';
import type { FrozenDecoder } from '../decoder/load-decoder.ts';
import { frozenParameters } from '../graph-parameters.ts';
import { IDS, LOGITS, MASK } from './inference-graph.ts';

/** One ONNX file from `input_ids` and `attention_mask` int64 [batch, sequence] (padding on either side) to `logits` [batch, sequence, vocabulary], every weight inside. */
export function buildDecoderInferenceModel(weights: FrozenDecoder, blockBias?: BlockBias): OnnxModel {
  const { config } = weights;
  const g = new GraphBuilder('airtune-decoder');
  const ids = g.input(IDS, 'int64', ['batch', 'sequence']);
  const mask = g.input(MASK, 'int64', ['batch', 'sequence']);
  const source: DecoderSource = { config, parameters: frozenParameters(g, weights), blockBias };
  const range = { from: 0, to: config.layers };
  const states = decoderBlocks(g, source, embedTokens(g, source, ids, mask), causalView(g, mask), range);
  const rows = reshape(g, states, [productOf(['batch', 'sequence']), config.hidden]);
  const logits = vocabularyLogits(source, finalStates(g, source, rows));
  const whole = reshape(g, logits, ['batch', 'sequence', config.vocabulary]);
  return compileModel(g, { always: { [LOGITS]: whole }, selfContained: true });
}
