import type { ChannelFamily, NamedTensors } from '#parameters';
import { randomStream } from '#randomness';
import { describe, expect, it } from '@jest/globals';
import { emptyHistory, extendHistory, type ChannelHistory } from './channel-history.ts';
import { keepByLink } from './keep-by-link.ts';
import { keepChannels, keptCount, type ChannelOrders } from './keep-channels.ts';
import { orderChannels } from './order-channels.ts';
import { readOrders, writeOrders } from './write-orders.ts';

const attention: ChannelFamily = {
  name: 'attention.1',
  channels: 768,
  slices: [{ tensor: 'w', axis: 0, repeats: 1 }],
};
const families = [attention];
const KEEP = 0.6;

function ordersOf(history: ChannelHistory, keep = KEEP, seed = 1): ChannelOrders {
  return new Map(
    families.map((family) => [
      family.name,
      orderChannels(seed, family, history[family.name]!, keptCount(family.channels, keep)),
    ]),
  );
}

/** A round in which channel c, when it is sent, changes by `change(c)`. */
function played(history: ChannelHistory, orders: ChannelOrders, change: (channel: number) => number, keep = KEEP) {
  const kept = keepChannels(families, orders, keep);
  const before: NamedTensors = new Map([['w', { shape: [768], data: new Float32Array(768) }]]);
  const after = new Map([['w', { shape: [768], data: new Float32Array(768) }]]);
  for (const channel of kept.get(attention.name)!) after.get('w')!.data[channel] = change(channel);
  return extendHistory(history, families, { before, after, kept });
}

const permutation = (order: readonly number[]) => [...order].sort((left, right) => left - right);
const everyChannel = Array.from({ length: 768 }, (_, channel) => channel);

describe('the order of channels', () => {
  it('is drawn from the seed in the first round', () => {
    const order = ordersOf(emptyHistory(families)).get(attention.name)!;
    expect(permutation(order)).toEqual(everyChannel);
    expect(ordersOf(emptyHistory(families)).get(attention.name)).toEqual(order);
    expect(ordersOf(emptyHistory(families), KEEP, 2).get(attention.name)).not.toEqual(order);
  });

  it('then puts first what changed most a time sent, with one place in ten for the rotation', () => {
    const orders = ordersOf(emptyHistory(families));
    const history = played(emptyHistory(families), orders, (channel) => channel);
    const next = ordersOf(history).get(attention.name)!;
    expect(permutation(next)).toEqual(everyChannel);
    const ranked = next.filter((_, place) => (place + 1) % 10 !== 0).slice(0, 200);
    expect(ranked).toEqual([...ranked].sort((left, right) => right - left));
    expect(ranked.every((channel) => orders.get(attention.name)!.indexOf(channel) < 461)).toBe(true);
  });

  it('is nested: a smaller keep is a subset of a larger one', () => {
    const orders = ordersOf(played(emptyHistory(families), ordersOf(emptyHistory(families)), Math.sqrt));
    const larger = new Set(keepChannels(families, orders, 0.6).get(attention.name));
    const smaller = keepChannels(families, orders, 0.25).get(attention.name)!;
    expect([larger.size, smaller.length]).toEqual([461, 192]);
    expect(smaller.every((channel) => larger.has(channel))).toBe(true);
  });

  it('shuts no channel out for good, even one that never changes', () => {
    for (const keep of [0.6, 0.2, 0.008]) {
      let history = emptyHistory(families);
      const rounds = Math.ceil(768 / Math.max(1, Math.floor(keptCount(768, keep) / 10))) + 1;
      for (let round = 0; round < rounds; round++)
        history = played(history, ordersOf(history, keep), (channel) => (channel < 500 ? 1 : 0), keep);
      expect(Math.min(...history[attention.name]!.sent)).toBeGreaterThan(0);
    }
  });

  it('lets a round in which nothing arrived take nobody his turn', () => {
    const first = played(emptyHistory(families), ordersOf(emptyHistory(families)), () => 1);
    const rotated = first[attention.name]!.rotated;
    expect(rotated).toBe(461);
    expect(played(first, ordersOf(first), () => 1)[attention.name]!.rotated).toBe(rotated + 46);
  });
});

describe('an announced order', () => {
  const orders = ordersOf(emptyHistory(families));

  it('costs two bytes a channel and comes back as it was', () => {
    const announced = writeOrders(families, orders);
    expect(Buffer.from(announced, 'base64').byteLength).toBe(2 * 768);
    expect(readOrders(families, announced)).toEqual(orders);
  });

  it('is refused when it is not a permutation', () => {
    const bytes = Buffer.from(writeOrders(families, orders), 'base64');
    const read = (altered: Buffer) => readOrders(families, altered.toString('base64'));
    expect(() => read(bytes.subarray(2))).toThrow('has 1534 bytes, 1536 are expected');
    bytes.set(bytes.subarray(0, 2), 2);
    expect(() => read(bytes)).toThrow('does not name each of its 768 channels once');
  });
});

describe('a poorer link', () => {
  const uploadBytes = (keep: number) => 1000 + 100_000 * keep;
  const link = (bitsPerSecond: number) => ({ bitsPerSecond, deadlineMs: 1000, uploadBytes });

  it('keeps fewer channels, in steps, and never more than the spec', () => {
    const draw = randomStream(3, 'links');
    const rates = Array.from({ length: 50 }, () => 1e6 * draw.uniform()).sort((left, right) => left - right);
    const keeps = rates.map((rate) => keepByLink(0.6, link(rate)));
    expect(keeps).toEqual([...keeps].sort((left, right) => left - right));
    expect(Math.max(...keeps)).toBe(0.6);
    keeps.forEach((keep, i) => {
      if (keep > 0.05) expect(8 * uploadBytes(keep)).toBeLessThanOrEqual(rates[i]!);
    });
  });

  it('still sends a twentieth when even that is not expected to arrive', () => {
    expect(keepByLink(0.6, link(1))).toBe(0.05);
  });
});
