import { gemm, matMul, mul, type GraphBuilder, type Value } from '#autograd';

/** a [rank, in] and b [out, rank], as PEFT stores them. */
export interface LowRank {
  readonly a: Value;
  readonly b: Value;
  /** Scalar: alpha / rank. */
  readonly scale: Value;
}

/** y + scale · (x aᵀ) bᵀ, for x [rows, in] and y [rows, out]; the scale is applied where the tensor is smallest. */
export function addLowRank(g: GraphBuilder, x: Value, y: Value, { a, b, scale }: LowRank): Value {
  const inner = mul(g, matMul(g, x, a, { transB: true }), scale);
  return gemm(g, inner, b, y, { transB: true });
}
