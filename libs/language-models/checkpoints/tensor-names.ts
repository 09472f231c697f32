import type { TensorManifest } from '#parameters';

import type { EncoderConfig } from './encoder-config.ts';
import { linear, norm, table, vector, type TensorPlace } from './tensor-place.ts';

/** Every tensor of the encoder, in the order of the forward pass. */
export function encoderPlaces(config: EncoderConfig): TensorPlace[] {
  const { hidden, intermediate } = config;
  const places: TensorPlace[] = [
    table('embeddings.word', 'embeddings.word_embeddings.weight', config.vocabulary, hidden),
    table('embeddings.position', 'embeddings.position_embeddings.weight', config.maxPositions, hidden),
    table('embeddings.type', 'embeddings.token_type_embeddings.weight', config.typeVocabulary, hidden),
    ...norm('embeddings.norm', 'embeddings.LayerNorm', hidden),
  ];
  for (let block = 0; block < config.layers; block += 1) {
    const ours = `block.${block}`;
    const stored = `encoder.layer.${block}`;
    places.push(
      ...linear(`${ours}.attention.query`, `${stored}.attention.self.query`, hidden, hidden),
      ...linear(`${ours}.attention.key`, `${stored}.attention.self.key`, hidden, hidden),
      ...linear(`${ours}.attention.value`, `${stored}.attention.self.value`, hidden, hidden),
      ...linear(`${ours}.attention.output`, `${stored}.attention.output.dense`, hidden, hidden),
      ...norm(`${ours}.attention.norm`, `${stored}.attention.output.LayerNorm`, hidden),
      ...linear(`${ours}.intermediate`, `${stored}.intermediate.dense`, hidden, intermediate),
      ...linear(`${ours}.output`, `${stored}.output.dense`, intermediate, hidden),
      ...norm(`${ours}.output.norm`, `${stored}.output.LayerNorm`, hidden),
    );
  }
  return places;
}

/** The masked-language-model head, whose decoder is tied to the word embeddings. Stored names are whole: no prefix precedes them. */
export function maskedLanguageModelPlaces(config: EncoderConfig): TensorPlace[] {
  const { hidden, vocabulary } = config;
  const bert = config.modelType === 'bert';
  return [
    ...linear('mlm.dense', bert ? 'cls.predictions.transform.dense' : 'lm_head.dense', hidden, hidden),
    ...norm('mlm.norm', bert ? 'cls.predictions.transform.LayerNorm' : 'lm_head.layer_norm', hidden),
    vector('mlm.bias', bert ? 'cls.predictions.bias' : 'lm_head.bias', vocabulary),
  ];
}

/** Canonical names and shapes of an encoder's tensors. */
export function encoderManifest(config: EncoderConfig): TensorManifest {
  return encoderPlaces(config).map(({ name, shape }) => ({ name, shape }));
}

/** Canonical names and shapes of the masked-language-model head: `mlm.dense.*`, `mlm.norm.*` and `mlm.bias` (one a word). */
export function maskedLanguageModelManifest(config: EncoderConfig): TensorManifest {
  return maskedLanguageModelPlaces(config).map(({ name, shape }) => ({ name, shape }));
}

/** Old TensorFlow conversions call a layer norm's weight gamma and its bias beta. */
export function oldName(stored: string): string {
  return stored
    .replace(/(LayerNorm|layer_norm)\.weight$/, '$1.gamma')
    .replace(/(LayerNorm|layer_norm)\.bias$/, '$1.beta');
}
