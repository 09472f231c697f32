import { compileModel, GraphBuilder, reshape, type OnnxModel, type Value } from '#autograd';
import type { NamedTensors } from '#parameters';

import type { EncoderWeights } from '../checkpoints/load-encoder.ts';
import { adaptedNorm } from '../encoder/adapter.ts';
import { classify } from '../encoder/classification-head.ts';
import { buildEncoder, type EncoderHooks } from '../encoder/encoder-graph.ts';
import { frozenParameters } from '../graph-parameters.ts';
import { tensorNamed } from '../tensor-named.ts';
import type { PersonalSizes } from './personalised-model.ts';

/** The exported graph's inputs: int64 [batch, sequence] each; the mask is 1 for a token and 0 for padding on the right. */
export const IDS = 'input_ids';
export const MASK = 'attention_mask';
/** Its output: float32 [batch, labels], before softmax. */
export const LOGITS = 'logits';

/**
 * One ONNX file that classifies: every weight inside, batch and sequence free. LoRA is merged into `encoder`, or given here: then it is
 * computed beside the base's own products, as it is in training.
 */
export function buildInferenceModel(
  encoder: EncoderWeights,
  personal: NamedTensors,
  lora?: PersonalSizes['lora'],
): OnnxModel {
  const { config } = encoder;
  const g = new GraphBuilder('airtune-classifier');
  const ids = g.input(IDS, 'int64', ['batch', 'sequence']);
  const mask = g.input(MASK, 'int64', ['batch', 'sequence']);
  const frozen = (name: string): Value => g.frozen(name, tensorNamed(personal, name));
  const hooks: EncoderHooks = {
    ...(personal.has('adapter.0.down.weight') ? { finished: adapters(g, frozen) } : {}),
    ...(lora === undefined ? {} : { lowRank: lowRank(g, frozen, lora) }),
  };
  const parameters = frozenParameters(g, encoder);
  const states = buildEncoder(g, config, parameters, { ids, mask }, { ...hooks, firstTokenOnly: true });
  const logits = classify(g, reshape(g, states, ['batch', config.hidden]), {
    denseWeight: frozen('head.dense.weight'),
    denseBias: frozen('head.dense.bias'),
    outputWeight: frozen('head.output.weight'),
    outputBias: frozen('head.output.bias'),
  });
  return compileModel(g, { always: { [LOGITS]: logits }, selfContained: true });
}

function lowRank(
  g: GraphBuilder,
  frozen: (name: string) => Value,
  { blocks, alpha, rank }: NonNullable<PersonalSizes['lora']>,
): NonNullable<EncoderHooks['lowRank']> {
  const scale = g.scalar(alpha / rank);
  return (target, block) =>
    blocks.includes(block)
      ? { a: frozen(`lora.${block}.${target}.a`), b: frozen(`lora.${block}.${target}.b`), scale }
      : undefined;
}

function adapters(g: GraphBuilder, frozen: (name: string) => Value): NonNullable<EncoderHooks['finished']> {
  return (block, h, input, norm) =>
    adaptedNorm(g, h, input, norm, {
      downWeight: frozen(`adapter.${block}.down.weight`),
      downBias: frozen(`adapter.${block}.down.bias`),
      upWeight: frozen(`adapter.${block}.up.weight`),
      upBias: frozen(`adapter.${block}.up.bias`),
    });
}
