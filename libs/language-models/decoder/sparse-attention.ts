import { cast, compare, gather, sub, where, type Value } from '#autograd';

import { HIDDEN, type BlockBias } from './attention-view.ts';
import type { DecoderConfig } from './decoder-config.ts';
import { firstTunedBlock } from './decoder-tensors.ts';

/** How many of `visible` keys a query attends to when the part `sparsity` is left out: at least one. */
export function attendedKeys(visible: number, sparsity: number): number {
  // 1 − 0.4 is 0.6 less a rounding error, which must not cost the tenth key of ten.
  return Math.max(1, Math.floor((1 - sparsity) * visible + 1e-9));
}

/**
 * Sparse attention of the tuned blocks: of the keys that a query could see it attends to at most the part 1 − `sparsity`,
 * to the sequence's first (where attention that has nothing to look for rests: Xiao et al., arXiv 2309.17453) and to the most
 * recent ones. Positions alone decide, so whole sequences in training and one token at a time in generation see the same.
 * It is a bias like any other: it saves no time, and no bytes either (those are saved by channels that are not sent).
 */
export function sparseAttention(config: DecoderConfig, trainableBlocks: number, sparsity: number): BlockBias {
  const lowest = firstTunedBlock(config, trainableBlocks);
  // The recent keys of each query, by its position; the first key is one of the attended where there are two.
  const recent = Float32Array.from({ length: config.maxPositions }, (_, position) => {
    const attended = attendedKeys(position + 1, sparsity);
    return Math.max(1, attended - 1);
  });
  const sinks = recent.map((count, position) => attendedKeys(position + 1, sparsity) - count);
  return (g, block, view) => {
    if (block < lowest || sparsity === 0) return view.bias;
    const perQuery = (table: Float32Array): Value =>
      gather(g, g.constant(table, 'float32', [table.length]), view.queryPositions);
    const keys = cast(g, view.keyPositions, 'float32');
    const distance = sub(g, cast(g, view.queryPositions, 'float32'), keys);
    const hidden = g.scalar(HIDDEN);
    const sink = where(g, compare(g, 'Less', keys, perQuery(sinks)), view.bias, hidden);
    return where(g, compare(g, 'Less', distance, perQuery(recent)), view.bias, sink);
  };
}
