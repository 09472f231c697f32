/** BERT, RoBERTa and GPT-2 from Hugging Face folders: checkpoints, tokenizers, training graphs, personal parts, generation, export. */
export { ModelError } from './model-error.ts';
export {
  longestSequence,
  parseEncoderConfig,
  readEncoderConfig,
  type Activation,
  type EncoderConfig,
} from './checkpoints/encoder-config.ts';
export { decoderBlockBytes, encoderBlockBytes, gradientsWithin } from './precision/block-bytes.ts';
export { reportPrecision } from './precision/report-precision.ts';
export {
  BASE_PRECISIONS,
  int8LevelsHere,
  int8Of,
  LEVELS,
  precisionOf,
  type BasePrecision,
} from './precision/base-precision.ts';
export { inPrecision, savesMemory, type ComputedIn } from './precision/in-precision.ts';
export { loadEncoder, withEncoder, type EncoderWeights, type FrozenEncoder } from './checkpoints/load-encoder.ts';
export { saveEncoder } from './checkpoints/save-encoder.ts';
export { digestCheckpoint } from './checkpoints/digest-checkpoint.ts';
export { encoderManifest, maskedLanguageModelManifest } from './checkpoints/tensor-names.ts';
export { adapterManifest, initialAdapters } from './personalisation/adapters.ts';
export { LORA_TARGETS, initialLora, loraManifest, type LoraShape } from './personalisation/lora.ts';
export { initialValueHead, valueHeadManifest } from './personalisation/value-head.ts';
export { headManifest, initialHead } from './personalisation/head.ts';
export { loadTokenizer, tokenizerFromJson } from './tokenizers/load-tokenizer.ts';
export { saveTokenizer } from './tokenizers/save-tokenizer.ts';
export type { Tokenizer } from './tokenizers/tokenizer.ts';
export { buildClassifierStep, type PersonalisationShape } from './encoder/build-classifier-step.ts';
export { buildEncoder, type EncoderHooks } from './encoder/encoder-graph.ts';
export type { EncoderInputs } from './encoder/embed-tokens.ts';
export { frozenParameters, trainableParameters, type GraphParameters } from './graph-parameters.ts';
export { gradientName, type StepModel, type TrainableInput } from './encoder/step-model.ts';
export { exportClient } from './export/export-client.ts';
export { openExported, type ExportedClassifier, type Prediction } from './export/open-exported.ts';
export type { ExportDescription } from './export/export-description.ts';
export { readDecoderDescription } from './export/export-description.ts';
export type { PersonalisedModel } from './export/personalised-model.ts';
export { buildMaskedLanguageModelStep } from './encoder/build-masked-language-model-step.ts';
export { buildPreferenceStep, preferenceManifest, rewardHeadManifest } from './reward/build-preference-step.ts';
export { loadRewardBase, longestFor, paddingFor, type RewardBase, type TrainedPart } from './reward/reward-base.ts';
export { buildRewardModel } from './reward/reward-graph.ts';
export { checkVocabulary } from './tokenizers/check-vocabulary.ts';
export { trainWordPiece, type WordPieceOptions } from './tokenizers/train-wordpiece.ts';
export type { TokenizerJson } from './tokenizers/tokenizer-json.ts';
export { readDecoderConfig, type DecoderConfig } from './decoder/decoder-config.ts';
export { decoderManifest, firstTunedBlock, tunedManifest } from './decoder/decoder-tensors.ts';
export {
  loadDecoder,
  tunedTensors,
  withDecoder,
  type DecoderWeights,
  type FrozenDecoder,
} from './decoder/load-decoder.ts';
export { saveDecoder } from './decoder/save-decoder.ts';
export type { AttentionView, BlockBias } from './decoder/attention-view.ts';
export { sparseAttention } from './decoder/sparse-attention.ts';
export type { DecoderSource } from './decoder/decoder-graph.ts';
export { buildDecoderPrefix, decoderSuffix, tunedDecoder, type SuffixInputs } from './decoder/prefix-and-suffix.ts';
export type { GeneratorShape } from './generation/build-generator.ts';
export { Generator, type Completion, type GenerationSettings, type Prompt } from './generation/generator.ts';
export { buildCausalStep, type FrozenPart } from './decoder/build-causal-step.ts';
export { trainBytePair, type BytePairOptions } from './tokenizers/train-byte-pair.ts';
export { digestExportedDecoder } from './export/digest-exported.ts';
export { exportDecoder, type PersonalisedDecoder } from './export/export-decoder.ts';
