import { describe, expect, it } from '@jest/globals';
import { maskTokens } from './mask-tokens.ts';
import { nextTokens } from './next-tokens.ts';
import { BatchPlan } from './plan-batches.ts';
import { windowLength, type TokenWindows } from './token-windows.ts';

/** `count` windows [2, …, 3] of 3 to 12 tokens. */
function windows(count: number): TokenWindows {
  const all = Array.from({ length: count }, (_, i) => [
    2,
    ...Array.from({ length: 1 + ((i * 7) % 10) }, (_, j) => 10 + ((i + j) % 80)),
    3,
  ]);
  const offsets = Int32Array.from({ length: count + 1 }, (_, i) =>
    all.slice(0, i).reduce((sum, w) => sum + w.length, 0),
  );
  return { ids: Int32Array.from(all.flat()), offsets };
}
const masking = {
  seed: 5,
  maskFraction: 0.15,
  maskTokenId: 4,
  padTokenId: 0,
  vocabularySize: 90,
  specialTokenIds: new Set([0, 1, 2, 3, 4]),
};

describe('the plan of batches', () => {
  it('shows every window once an epoch, in another order each time', () => {
    const plan = new BatchPlan(windows(205), 1, 20);
    expect(plan.batchesPerEpoch).toBe(10);
    const epoch = (from: number) => Array.from({ length: 10 }, (_, step) => plan.batch(from + step)).flat();
    expect(new Set(epoch(0)).size).toBe(200);
    expect(new Set(epoch(10)).size).toBe(200);
    expect(epoch(10)).not.toEqual(epoch(0));
  });

  it('needs no history', () => {
    const plan = new BatchPlan(windows(205), 1, 20);
    const later = plan.batch(17);
    plan.batch(3);
    expect(new BatchPlan(windows(205), 1, 20).batch(17)).toEqual(later);
  });

  it('puts windows of similar length together', () => {
    const all = windows(2000);
    const plan = new BatchPlan(all, 1, 16);
    const spreads = Array.from({ length: 100 }, (_, step) => {
      const lengths = plan.batch(step).map((window) => windowLength(all, window));
      return Math.max(...lengths) - Math.min(...lengths);
    });
    expect(spreads.reduce((sum, spread) => sum + spread, 0) / 100).toBeLessThan(1);
  });
});

describe('a batch', () => {
  it('is no run of neighbours, however many windows have its length', () => {
    const even: TokenWindows = {
      ids: new Int32Array(8000),
      offsets: Int32Array.from({ length: 2001 }, (_, i) => 4 * i),
    };
    const plan = new BatchPlan(even, 1, 20);
    const spans = Array.from(
      { length: 100 },
      (_, step) => Math.max(...plan.batch(step)) - Math.min(...plan.batch(step)),
    );
    // Of 20 random ones out of 2000 hardly any batch spans less than half.
    expect(Math.min(...spans)).toBeGreaterThan(1000);
  });
});

describe('masking', () => {
  const all = windows(4000);
  const chosen = Array.from({ length: 4000 }, (_, i) => i);
  const batch = maskTokens(all, chosen, masking, 'train', 0);
  const plain = [...all.ids].filter((id) => id >= 10).length;

  it('chooses 15 % of the tokens that stand for text, of which 80 % are masked and 10 % replaced', () => {
    const share = batch.places.length / plain;
    const fates = [...batch.places].map((at, i) => {
      const id = batch.ids[Number(at)]!;
      return id === 4n ? 'masked' : id === batch.targets[i] ? 'kept' : 'replaced';
    });
    const fraction = (fate: string) => fates.filter((other) => other === fate).length / fates.length;
    expect(Math.abs(share - 0.15)).toBeLessThan(4 * Math.sqrt((0.15 * 0.85) / plain));
    expect(Math.abs(fraction('masked') - 0.8)).toBeLessThan(4 * Math.sqrt(0.16 / fates.length));
    // One replacement in 90 is the word itself.
    expect(Math.abs(fraction('replaced') - 0.1 * (89 / 90))).toBeLessThan(4 * Math.sqrt(0.09 / fates.length));
    expect([...batch.targets].every((id) => id >= 10n)).toBe(true);
  });

  it('is the same for the same key and another for another', () => {
    expect(maskTokens(all, chosen, masking, 'train', 0)).toEqual(batch);
    expect(maskTokens(all, chosen, masking, 'train', 1)).not.toEqual(batch);
  });

  it('chooses at least one token', () => {
    const { places, targets } = maskTokens(all, [0], { ...masking, maskFraction: 1e-9 }, 'x');
    expect([places.length, targets[0]]).toEqual([1, 10n]);
  });
});

describe('next tokens', () => {
  const two: TokenWindows = { ids: Int32Array.of(0, 7, 8, 0, 0, 9, 0), offsets: Int32Array.of(0, 4, 7) };

  it('are asked of every token but the last of its window', () => {
    const batch = nextTokens(two, [1, 0], 5);
    expect([batch.rows, batch.columns]).toEqual([2, 4]);
    expect([...batch.ids]).toEqual([0n, 9n, 0n, 5n, 0n, 7n, 8n, 0n]);
    expect([...batch.mask]).toEqual([1n, 1n, 1n, 0n, 1n, 1n, 1n, 1n]);
    expect([...batch.places]).toEqual([0n, 1n, 4n, 5n, 6n]);
    expect([...batch.targets]).toEqual([9n, 0n, 7n, 8n, 0n]);
  });

  it('are asked of an answer alone where it begins later', () => {
    const batch = nextTokens(two, [0, 1], 5, (window) => 2 - window);
    expect([...batch.places]).toEqual([1n, 2n, 4n, 5n]);
    expect([...batch.targets]).toEqual([8n, 0n, 9n, 0n]);
  });
});
