export { ModelError } from './model-error.ts';
export {
  longestSequence,
  parseEncoderConfig,
  readEncoderConfig,
  type Activation,
  type EncoderConfig,
} from './checkpoints/encoder-config.ts';
export { loadEncoder, type EncoderWeights } from './checkpoints/load-encoder.ts';
export { saveEncoder } from './checkpoints/save-encoder.ts';
export { digestCheckpoint } from './checkpoints/digest-checkpoint.ts';
export { encoderManifest, maskedLanguageModelManifest } from './checkpoints/tensor-names.ts';
export { adapterManifest, initialAdapters } from './personalisation/adapters.ts';
export { LORA_TARGETS, initialLora, loraManifest, type LoraShape } from './personalisation/lora.ts';
export { headManifest, initialHead } from './personalisation/head.ts';
export { loadTokenizer, tokenizerFromJson } from './tokenizers/load-tokenizer.ts';
export { saveTokenizer } from './tokenizers/save-tokenizer.ts';
export type { Tokenizer } from './tokenizers/tokenizer.ts';
