import type { TokenBatch } from './token-batch.ts';
import { windowLength, type TokenWindows } from './token-windows.ts';

/**
 * Each token of a window predicts the one after it; with `firstTarget`, only those from that place of the window on count
 * (what an instruction's answer is). Padded on the right to the longest window.
 */
export function nextTokens(
  windows: TokenWindows,
  chosen: readonly number[],
  padTokenId: number,
  firstTarget: (window: number) => number = () => 1,
): TokenBatch {
  const rows = chosen.length;
  const columns = Math.max(1, ...chosen.map((window) => windowLength(windows, window)));
  const ids = new BigInt64Array(rows * columns).fill(BigInt(padTokenId));
  const mask = new BigInt64Array(rows * columns);
  const places: bigint[] = [];
  const targets: bigint[] = [];
  chosen.forEach((window, row) => {
    const begin = windows.offsets[window] ?? 0;
    const from = Math.max(1, firstTarget(window));
    for (let column = 0; column < windowLength(windows, window); column++) {
      const id = BigInt(windows.ids[begin + column] ?? padTokenId);
      const at = row * columns + column;
      ids[at] = id;
      mask[at] = 1n;
      if (column < from) continue;
      places.push(BigInt(at - 1));
      targets.push(id);
    }
  });
  return { rows, columns, ids, mask, places: BigInt64Array.from(places), targets: BigInt64Array.from(targets) };
}
