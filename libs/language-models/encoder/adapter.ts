import { add, gemm, relu, layerNorm, type GraphBuilder, type Scale, type Value } from '#autograd';

/** The tensors of one block's adapter: down [hidden, width], up [width, hidden]. */
export interface AdapterTensors {
  readonly downWeight: Value;
  readonly downBias: Value;
  readonly upWeight: Value;
  readonly upBias: Value;
}

/**
 * Pfeiffer's adapter at the end of a block (adapter-hub's SeqBnConfig): with s = h + input,
 * norm(up(relu(down(norm(s)))) + s), the same norm twice. With `up` zero it is norm(s): the block without an adapter.
 * Rows [batch, hidden] are those of the first tokens alone.
 */
export function adaptedNorm(g: GraphBuilder, h: Value, input: Value, norm: Scale, adapter: AdapterTensors): Value {
  const sum = add(g, h, input);
  const options = { fewRows: sum.shape[0] === 'batch' };
  const inner = relu(g, gemm(g, layerNorm(g, sum, norm), adapter.downWeight, adapter.downBias, options));
  return layerNorm(g, add(g, gemm(g, inner, adapter.upWeight, adapter.upBias, options), sum), norm);
}
