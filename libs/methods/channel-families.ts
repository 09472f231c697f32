import type { ChannelFamily, ChannelSlice, TensorManifest } from '#parameters';
import type { Method } from './method.ts';

/** Which channels of a tuned decoder block may be left out of a round: those of its attention, or of all that is tuned. */
export type SparsityScope = 'attention' | 'tunable';

/** How much of the channels a round leaves out, and of which. */
export interface SparsitySettings {
  /** A fraction of 1; 0 is dense. */
  readonly attention: number;
  readonly scope: SparsityScope;
}

/** The families whose channels an experiment's rounds leave out in part; none where method or spec are dense. */
export function sparseFamilies(
  method: Method,
  { attention, scope }: SparsitySettings,
  shared: TensorManifest,
): readonly ChannelFamily[] {
  return method.sparse === true && attention > 0 ? channelFamilies(shared, scope) : [];
}

const QKV = /^decoder\.(\d+)\.attention\.qkv\.weight$/;

/**
 * The families of channels in a manifest of tuned decoder blocks. Channel c of an attention is a column of query, key and
 * value with its bias and a row of the output projection; of a feed-forward it is a hidden unit. Norms and the biases of
 * outputs belong to no channel: they are always sent. With `attention`, x % of the channels of GPT-2 are x/3 % of a block.
 */
export function channelFamilies(manifest: TensorManifest, scope: SparsityScope): ChannelFamily[] {
  const shapes = new Map(manifest.map(({ name, shape }) => [name, shape]));
  const blocks = manifest.flatMap(({ name }) => QKV.exec(name)?.slice(1) ?? []);
  return blocks.flatMap((block) => {
    const at = `decoder.${block}`;
    const attention = [
      slice(`${at}.attention.qkv.weight`, 1, 3),
      slice(`${at}.attention.qkv.bias`, 0, 3),
      slice(`${at}.attention.output.weight`, 0),
    ];
    const feedForward = [
      slice(`${at}.intermediate.weight`, 1),
      slice(`${at}.intermediate.bias`, 0),
      slice(`${at}.output.weight`, 0),
    ];
    const family = (name: string, slices: ChannelSlice[], rows: string): ChannelFamily => ({
      name,
      channels: shapes.get(rows)?.[0] ?? 0,
      slices,
    });
    return [
      family(`attention.${block}`, attention, `${at}.attention.output.weight`),
      ...(scope === 'tunable' ? [family(`feed-forward.${block}`, feedForward, `${at}.output.weight`)] : []),
    ];
  });
}

function slice(tensor: string, axis: number, repeats = 1): ChannelSlice {
  return { tensor, axis, repeats };
}
