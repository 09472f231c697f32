import { gemm, tanh, type GraphBuilder, type Value } from '#autograd';

/** The tensors of RoBERTa's classification head: dense [hidden, hidden], output [hidden, labels]. */
export interface HeadTensors {
  readonly denseWeight: Value;
  readonly denseBias: Value;
  readonly outputWeight: Value;
  readonly outputBias: Value;
}

/** Logits [batch, labels] from the first token's state [batch, hidden]: dense, tanh, output. */
export function classify(g: GraphBuilder, first: Value, head: HeadTensors): Value {
  const inner = tanh(g, gemm(g, first, head.denseWeight, head.denseBias, { fewRows: true }));
  return gemm(g, inner, head.outputWeight, head.outputBias);
}
