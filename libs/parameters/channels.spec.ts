import { randomStream } from '#randomness';
import { describe, expect, it } from '@jest/globals';
import { channelViews, keptManifest, putChannels, takeChannels, type ChannelFamily } from './channels.ts';
import { digestOfTensors } from './digest.ts';
import { HoldersMean } from './holders-mean.ts';
import { encodeSafetensors } from './safetensors.ts';
import { manifestOf, parameterCount, type NamedTensors, type TensorManifest } from './tensor.ts';
import { WeightedMean } from './weighted-mean.ts';

/** Attention and feed-forward of one GPT-2 block of any width. */
function block(hidden: number): { manifest: TensorManifest; families: ChannelFamily[] } {
  const shapes: Record<string, number[]> = {
    'qkv.weight': [hidden, 3 * hidden],
    'qkv.bias': [3 * hidden],
    'out.weight': [hidden, hidden],
    'out.bias': [hidden],
    'up.weight': [hidden, 4 * hidden],
    'up.bias': [4 * hidden],
    'down.weight': [4 * hidden, hidden],
    'down.bias': [hidden],
    norms: [4, hidden],
  };
  const slice = (tensor: string, axis: number, repeats = 1) => ({ tensor, axis, repeats });
  return {
    manifest: Object.entries(shapes).map(([name, shape]) => ({ name, shape })),
    families: [
      {
        name: 'attention',
        channels: hidden,
        slices: [slice('qkv.weight', 1, 3), slice('qkv.bias', 0, 3), slice('out.weight', 0)],
      },
      {
        name: 'feed-forward',
        channels: 4 * hidden,
        slices: [slice('up.weight', 1), slice('up.bias', 0), slice('down.weight', 0)],
      },
    ],
  };
}

function filled(manifest: TensorManifest, seed: number): NamedTensors {
  const draw = randomStream(seed, 'channels');
  return new Map(
    manifest.map(({ name, shape }) => [
      name,
      { shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => draw.normal()) },
    ]),
  );
}

const first = (count: number): number[] => Array.from({ length: count }, (_, channel) => channel);

describe('channels of a block', () => {
  const { manifest, families } = block(4);
  const whole = filled(manifest, 1);

  it('are taken from every tensor in which they lie', () => {
    const taken = takeChannels(whole, families, new Map([['attention', [0, 3]]]));
    expect(taken.get('qkv.weight')!.shape).toEqual([4, 6]);
    const bias = [...whole.get('qkv.bias')!.data];
    expect([...taken.get('qkv.bias')!.data]).toEqual([0, 3, 4, 7, 8, 11].map((at) => bias[at]));
    const rows = [...whole.get('out.weight')!.data];
    expect([...taken.get('out.weight')!.data]).toEqual([...rows.slice(0, 4), ...rows.slice(12)]);
    expect(taken.get('up.weight')).toEqual(whole.get('up.weight'));
    expect(manifestOf(taken)).toEqual(
      manifestOf(filled(keptManifest(manifest, families, new Map([['attention', [0, 3]]])), 2)),
    );
  });

  it('are put back to where they came from, and nowhere else', () => {
    const kept = new Map([
      ['attention', [1, 2]],
      ['feed-forward', [0, 7, 15]],
    ]);
    const other = filled(manifest, 2);
    const mixed = filled(manifest, 2);
    putChannels(mixed, families, kept, takeChannels(whole, families, kept));
    expect(takeChannels(mixed, families, kept)).toEqual(takeChannels(whole, families, kept));
    const rest = new Map([
      ['attention', [0, 3]],
      ['feed-forward', first(16).filter((channel) => ![0, 7, 15].includes(channel))],
    ]);
    expect(takeChannels(mixed, families, rest).get('qkv.weight')).toEqual(
      takeChannels(other, families, rest).get('qkv.weight'),
    );
    putChannels(mixed, families, rest, takeChannels(whole, families, rest));
    expect(digestOfTensors(mixed)).toBe(digestOfTensors(whole));
  });

  it('must fit their tensors', () => {
    const wrong = { name: 'attention', channels: 5, slices: [{ tensor: 'out.weight', axis: 0, repeats: 1 }] };
    expect(() => channelViews(manifest, [wrong])).toThrow('Axis 0 of out.weight is not 1 × the 5 channels');
  });
});

describe('bytes of a GPT-2-small block', () => {
  const { manifest, families } = block(768);
  const dense = parameterCount(manifest);

  it('fall by 13.3 % without 40 % of the attention channels', () => {
    const kept = keptManifest(manifest, families, new Map([['attention', first(768 - 307)]]));
    expect(dense).toBe(7_087_872);
    expect(1 - parameterCount(kept) / dense).toBeCloseTo(0.1332, 4);
  });

  it('fall by 40 % without 40 % of the feed-forward channels too, headers included', () => {
    const kept = new Map([
      ['attention', first(768 - 307)],
      ['feed-forward', first(3072 - 1229)],
    ]);
    const empty: NamedTensors = new Map(
      manifest.map(({ name, shape }) => [name, { shape, data: new Float32Array(parameterCount([{ name, shape }])) }]),
    );
    const bytes = encodeSafetensors(empty).byteLength;
    expect(1 - encodeSafetensors(takeChannels(empty, families, kept)).byteLength / bytes).toBeCloseTo(0.3997, 4);
  });
});

describe('the mean over holders', () => {
  const { manifest, families } = block(4);
  const before = filled(manifest, 9);

  it('is the plain mean, bit for bit, when everyone holds everything', () => {
    const plain = new WeightedMean(manifest);
    const held = new HoldersMean(manifest, families);
    for (const [seed, weight] of [
      [1, 10],
      [2, 30],
      [3, 7],
    ] as const) {
      plain.add(filled(manifest, seed), weight);
      held.add(filled(manifest, seed), new Map(), weight);
    }
    expect(digestOfTensors(held.result(before))).toBe(digestOfTensors(plain.result()));
  });

  it('averages a channel over those who sent it, and leaves one that nobody sent', () => {
    const [a, b] = [filled(manifest, 1), filled(manifest, 2)];
    const held = new HoldersMean(manifest, families);
    const [all, half] = [new Map([['attention', [0, 1, 2]]]), new Map([['attention', [1]]])];
    held.add(takeChannels(a, families, all), all, 10);
    held.add(takeChannels(b, families, half), half, 30);
    const bias = held.result(before).get('qkv.bias')!.data;
    const at = (tensors: NamedTensors, element: number) => tensors.get('qkv.bias')!.data[element]!;
    for (const group of [0, 4, 8]) {
      expect(bias[group]).toBe(at(a, group));
      expect(bias[group + 1]).toBeCloseTo((10 * at(a, group + 1) + 30 * at(b, group + 1)) / 40, 6);
      expect(bias[group + 2]).toBe(at(a, group + 2));
      expect(bias[group + 3]).toBe(at(before, group + 3));
    }
  });

  it('refuses what does not have the shape that was agreed', () => {
    const held = new HoldersMean(manifest, families);
    const kept = new Map([['attention', [0, 1]]]);
    expect(() => {
      held.add(filled(manifest, 1), kept, 1);
    }).toThrow('tensor qkv.weight has shape [4, 12], expected [4, 6]');
    expect(() => held.result(before)).toThrow('The mean of nothing');
  });
});
