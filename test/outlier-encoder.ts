import { loadEncoder, type EncoderWeights } from '#language-models';

/** The one layer that the outlier is read by. */
export const OUTLIER_LAYER = 'block.1.intermediate';
const CHANNEL = 7;

/**
 * The same encoder with one outlier feature, as large models have them: a norm gives out one channel thousandfold, and the layer
 * that reads it makes as much less of it, so that the model computes the same.
 */
export async function loadWithOutlier(modelFolder: string): Promise<EncoderWeights> {
  const { config, tensors } = await loadEncoder(modelFolder);
  const changed = new Map(tensors);
  const change = (name: string, map: (value: number, at: number) => number) => {
    const tensor = changed.get(name);
    if (tensor === undefined) throw new Error(`${modelFolder} has no ${name}`);
    changed.set(name, { shape: tensor.shape, data: tensor.data.map(map) });
  };
  for (const part of ['weight', 'bias'])
    change(`block.1.attention.norm.${part}`, (value, at) => (at === CHANNEL ? 1000 * value : value));
  change(`${OUTLIER_LAYER}.weight`, (value, at) =>
    Math.floor(at / config.intermediate) === CHANNEL ? value / 1000 : value,
  );
  return { config, tensors: changed };
}
