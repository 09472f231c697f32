import { experimentSpec } from '#contracts';
import type { EncoderConfig } from '#language-models';
import { methodNamed } from '#methods';
import { manifestOf } from '#parameters';
import { describe, expect, it } from '@jest/globals';
import { checkSequenceLength, clientProfile } from './client-profile.ts';
import { initialTensors, recipeManifest, tensorRecipe } from './tensor-recipe.ts';

const config: EncoderConfig = {
  modelType: 'bert',
  layers: 4,
  hidden: 8,
  heads: 2,
  intermediate: 16,
  vocabulary: 30,
  maxPositions: 64,
  typeVocabulary: 2,
  layerNormEpsilon: 1e-12,
  activation: 'gelu',
  positionOffset: 0,
  padTokenId: 0,
};
const spec = (more: object = {}) =>
  experimentSpec.parse({ method: 'pftt', model: 'm', data: { source: 'wordnet-topics' }, ...more });

describe("a client's profile", () => {
  it('is the spec where it says nothing else', () => {
    const { lora } = clientProfile(spec({ lora: { rank: 4, alpha: 8 } }), 'client-0', config);
    expect(lora).toEqual({ rank: 4, alpha: 8, blocks: [0, 1, 2, 3] });
  });

  it('counts blocks from the top', () => {
    const own = spec({ profiles: { 'client-2': { lora: { rank: 2, blocks: 2 }, deviceClass: 'phone' } } });
    expect(clientProfile(own, 'client-2', config)).toEqual({
      lora: { rank: 2, alpha: 16, blocks: [2, 3] },
      deviceClass: 'phone',
    });
  });

  it('names the field that asks for more blocks than there are', () => {
    const own = spec({ profiles: { 'client-2': { lora: { blocks: 5 } } } });
    expect(() => clientProfile(own, 'client-2', config)).toThrow('profiles.client-2.lora.blocks: 5 blocks');
    expect(() => clientProfile(spec({ lora: { blocks: 6 } }), 'client-0', config)).toThrow(/^lora\.blocks: 6 blocks/);
    expect(() => {
      checkSequenceLength(spec({ training: { maxTokens: 65 } }), config);
    }).toThrow('training.maxTokens: 65');
  });
});

describe('initial tensors', () => {
  const method = methodNamed('pftt');
  const settings = { seed: 7, width: 3, labels: 4 };
  const recipe = (ownership: 'shared' | 'personal', name: string) =>
    tensorRecipe(method, ownership, settings, { name, profile: clientProfile(spec(), name, config) });

  it('are as the manifest says', () => {
    for (const ownership of ['shared', 'personal'] as const) {
      const tensors = initialTensors(config, recipe(ownership, 'client-0'));
      const named = (manifest: readonly { name: string }[]) => manifest.map(({ name }) => name).sort();
      expect(named(manifestOf(tensors))).toEqual(named(recipeManifest(config, recipe(ownership, 'client-0'))));
    }
  });

  it('are the same for everybody where they are shared, and for nobody else where they are personal', () => {
    const made = (ownership: 'shared' | 'personal', name: string) => initialTensors(config, recipe(ownership, name));
    expect(made('shared', 'client-0')).toEqual(made('shared', 'client-1'));
    expect(made('personal', 'client-0')).not.toEqual(made('personal', 'client-1'));
    expect(made('personal', 'client-0')).toEqual(made('personal', 'client-0'));
  });
});
