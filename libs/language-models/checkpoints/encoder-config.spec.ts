import { describe, expect, it } from '@jest/globals';

import { longestSequence, parseEncoderConfig, toHuggingFaceConfig } from './encoder-config.ts';

const robertaBase = {
  model_type: 'roberta',
  hidden_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  intermediate_size: 3072,
  hidden_act: 'gelu',
  layer_norm_eps: 1e-5,
  vocab_size: 50_265,
  max_position_embeddings: 514,
  type_vocab_size: 1,
  pad_token_id: 1,
};
const parse = (changes: object) => parseEncoderConfig({ ...robertaBase, ...changes }, 'config.json');

describe('the config of an encoder', () => {
  it("is read from roberta-base's, whose positions start after the padding id", () => {
    const config = parse({});
    expect(config).toMatchObject({ layerNormEpsilon: 1e-5, typeVocabulary: 1, positionOffset: 2, activation: 'gelu' });
    expect(longestSequence(config)).toBe(512);
  });

  it('counts positions from 0 for BERT and falls back on its defaults', () => {
    const left = { layer_norm_eps: undefined, type_vocab_size: undefined, hidden_act: undefined };
    const bare = { ...robertaBase, ...left, model_type: 'bert', pad_token_id: 0 };
    expect(parseEncoderConfig(bare, 'config.json')).toMatchObject({
      positionOffset: 0,
      layerNormEpsilon: 1e-12,
      typeVocabulary: 2,
      activation: 'gelu',
    });
  });

  it('comes back from what is saved', () => {
    const config = parse({ hidden_act: 'gelu_pytorch_tanh' });
    expect(config.activation).toBe('gelu_new');
    expect(parseEncoderConfig(toHuggingFaceConfig(config, 'RobertaModel'), 'config.json')).toEqual(config);
  });

  it.each([
    [{ model_type: 'gpt2' }, /model_type must be "bert" or "roberta"; found "gpt2"/],
    [{ model_type: undefined }, /model_type must be .* there is none/],
    [{ position_embedding_type: 'relative_key' }, /position_embedding_type is "relative_key"; only "absolute"/],
    [{ hidden_act: 'quick_gelu' }, /hidden_act is "quick_gelu"; supported are gelu, /],
    [{ hidden_act: 'constructor' }, /hidden_act is "constructor"/],
    [{ is_decoder: true }, /this is a decoder/],
    [{ num_attention_heads: 7 }, /hidden_size 768 is not a multiple of num_attention_heads 7/],
    [{ hidden_size: '768' }, /hidden_size: .*expected number/],
    [{ vocab_size: undefined }, /vocab_size: /],
    [{ max_position_embeddings: 2 }, /positions start at 2/],
    [{ pad_token_id: 60_000, max_position_embeddings: 100_000 }, /pad_token_id 60000 is outside the vocabulary/],
  ])('refuses %j', (changes, message) => {
    expect(() => parse(changes)).toThrow(message);
  });
});
