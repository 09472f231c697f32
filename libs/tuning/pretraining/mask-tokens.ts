import { randomStream } from '#randomness';
import type { TokenBatch } from './token-batch.ts';
import { windowLength, type TokenWindows } from './token-windows.ts';

export interface MaskingSettings {
  readonly seed: number;
  /** Of the tokens that stand for text. */
  readonly maskFraction: number;
  readonly maskTokenId: number;
  readonly padTokenId: number;
  readonly vocabularySize: number;
  readonly specialTokenIds: ReadonlySet<number>;
}

/**
 * BERT's corruption (Devlin et al. 2019, 3.1): of the chosen tokens 80 % become [MASK], 10 % another token, 10 % stay.
 * `key` names the draw: the same key corrupts the same batch alike. At least one token of a batch is chosen;
 * `places` are those chosen, `targets` what stood there.
 */
export function maskTokens(
  windows: TokenWindows,
  chosen: readonly number[],
  settings: MaskingSettings,
  ...key: (string | number)[]
): TokenBatch {
  const rows = chosen.length;
  const columns = Math.max(1, ...chosen.map((window) => windowLength(windows, window)));
  const ids = new BigInt64Array(rows * columns).fill(BigInt(settings.padTokenId));
  const mask = new BigInt64Array(rows * columns);
  const maskable: number[] = [];
  chosen.forEach((window, row) => {
    const begin = windows.offsets[window] ?? 0;
    for (let column = 0; column < windowLength(windows, window); column++) {
      const id = windows.ids[begin + column] ?? settings.padTokenId;
      const at = row * columns + column;
      ids[at] = BigInt(id);
      mask[at] = 1n;
      if (!settings.specialTokenIds.has(id)) maskable.push(at);
    }
  });
  const stream = randomStream(settings.seed, 'mask-tokens', ...key);
  let places = maskable.filter(() => stream.uniform() < settings.maskFraction);
  if (places.length === 0) places = [maskable[stream.integer(Math.max(1, maskable.length))] ?? 0];
  const targets = BigInt64Array.from(places, (at) => ids[at] ?? 0n);
  for (const at of places) {
    const fate = stream.uniform();
    if (fate < 0.8) ids[at] = BigInt(settings.maskTokenId);
    else if (fate < 0.9) ids[at] = BigInt(stream.integer(settings.vocabularySize));
  }
  return { rows, columns, ids, mask, places: BigInt64Array.from(places, BigInt), targets };
}
