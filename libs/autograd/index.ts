/** Training as ordinary ONNX graphs: build, differentiate, compile, run. */
export { compileModel, countNodes, type OnnxModel, type Outputs } from './compile-model.ts';
export { dimAt, productOf, sameShape } from './dims.ts';
export { frozenLinear } from './frozen-linear.ts';
export type { FrozenArithmetic, FrozenLayer, Int8Arithmetic, Int8Levels, LinearScales } from './frozen-layer.ts';
export { probeInt8 } from './int8/probe-int8.ts';
export { timeInt8 } from './int8/time-int8.ts';
export { gradients } from './gradients.ts';
export { GraphBuilder } from './graph-builder.ts';
export { GraphError } from './graph-error.ts';
export { Session, SPIN_ALONE_MICROSECONDS, type Feed, type SessionOptions } from './session.ts';
export { floatsOf, release } from './value.ts';
export type {
  Attribute,
  Dim,
  ElementData,
  ElementType,
  FloatTensor,
  FrozenTensor,
  GraphNode,
  UnreadTensor,
  Value,
} from './value.ts';
export { add } from './operators/add.ts';
export { append } from './operators/append.ts';
export { argMax } from './operators/argmax.ts';
export { cast } from './operators/cast.ts';
export { clamp } from './operators/clamp.ts';
export { compare } from './operators/compare.ts';
export { concat } from './operators/concat.ts';
export { crossEntropy, IGNORED_LABEL } from './operators/cross-entropy.ts';
export { cumulativeSum } from './operators/cumulative-sum.ts';
export { div } from './operators/div.ts';
export { erf } from './operators/erf.ts';
export { exp } from './operators/exp.ts';
export { expand } from './operators/expand.ts';
export { gather } from './operators/gather.ts';
export { gelu } from './operators/gelu.ts';
export { geluTanh } from './operators/gelu-tanh.ts';
export { gemm } from './operators/gemm.ts';
export { identity } from './operators/identity.ts';
export { integerSum } from './operators/integer-sum.ts';
export { layerNorm, type Scale } from './operators/layer-norm.ts';
export { log } from './operators/log.ts';
export { and, not } from './operators/logic.ts';
export { logSoftmax } from './operators/log-softmax.ts';
export { loop } from './operators/loop.ts';
export { matMul } from './operators/matmul.ts';
export type { ProductOptions } from './operators/matrix-product.ts';
export { maximum } from './operators/maximum.ts';
export { mul } from './operators/mul.ts';
export { multiHeadAttention } from './operators/multi-head-attention.ts';
export { neg } from './operators/neg.ts';
export { pick } from './operators/pick.ts';
export { pow } from './operators/pow.ts';
export { reduceMean } from './operators/reduce-mean.ts';
export { reduceSum } from './operators/reduce-sum.ts';
export { relu } from './operators/relu.ts';
export { reshape } from './operators/reshape.ts';
export { rowMax } from './operators/row-max.ts';
export { scaledGelu } from './operators/scaled-gelu.ts';
export { sigmoid } from './operators/sigmoid.ts';
export { slice } from './operators/slice.ts';
export { sliceTo } from './operators/slice-to.ts';
export { softmax } from './operators/softmax.ts';
export { split } from './operators/split.ts';
export { sqrt } from './operators/sqrt.ts';
export { sub } from './operators/sub.ts';
export { tanh } from './operators/tanh.ts';
export { tokenLogProbabilities } from './operators/token-log-probabilities.ts';
export { topK } from './operators/top-k.ts';
export { transpose } from './operators/transpose.ts';
export { transposeRows } from './operators/transpose-rows.ts';
export { unsqueeze } from './operators/unsqueeze.ts';
export { where } from './operators/where.ts';
export { zeros } from './operators/zeros.ts';
