/** Named tensors: checked, averaged, digested, and encoded as safetensors. */
export {
  channelChanges,
  keptManifest,
  putChannels,
  takeChannels,
  type ChannelFamily,
  type ChannelSlice,
  type KeptChannels,
} from './channels.ts';
export { checkTensors, findTensorProblem, type TensorProblem, type TensorProblemKind } from './check-tensors.ts';
export { digestOf, digestOfTensors, isDigest, type Digest } from './digest.ts';
export { bfloat16ToFloat, floatToHalf, halfToFloat } from './half-precision.ts';
export { HoldersMean } from './holders-mean.ts';
export { ParametersError } from './parameters-error.ts';
export {
  decodeSafetensors,
  decodeTensor,
  encodeSafetensors,
  safetensorsBytes,
  safetensorsChunks,
  viewSafetensors,
} from './safetensors.ts';
export {
  parseSafetensorsHeader,
  safetensorsHeaderBytes,
  type ElementFormat,
  type SafetensorsEntry,
  type SafetensorsHeader,
} from './safetensors-header.ts';
export {
  byCodeUnit,
  elementCount,
  manifestBytes,
  manifestOf,
  parameterCount,
  selectTensors,
  type NamedTensors,
  type Tensor,
  type TensorManifest,
} from './tensor.ts';
export { WeightedMean } from './weighted-mean.ts';
