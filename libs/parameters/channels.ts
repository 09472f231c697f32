import { ParametersError } from './parameters-error.ts';
import { elementCount, manifestOf, type NamedTensors, type Tensor, type TensorManifest } from './tensor.ts';

/** Where a family's channels lie in one tensor: along `axis`, `repeats` times over (query, key and value side by side: 3). */
export interface ChannelSlice {
  readonly tensor: string;
  readonly axis: number;
  readonly repeats: number;
}

/**
 * Channels that stand or fall together across tensors: channel c of an attention is a column of query, key and value and
 * a row of the output projection. A tensor belongs to one family at most.
 */
export interface ChannelFamily {
  readonly name: string;
  readonly channels: number;
  readonly slices: readonly ChannelSlice[];
}

/** The channels of each family that are kept, ascending; a family that is not named is kept whole. */
export type KeptChannels = ReadonlyMap<string, readonly number[]>;

/** How one tensor is seen by its family: [outer, repeats × channels, inner], row-major. */
export interface ChannelView {
  readonly family: ChannelFamily;
  readonly repeats: number;
  readonly outer: number;
  readonly inner: number;
  readonly axis: number;
}

/** The view of every tensor that has channels; throws `parameters.channels` when a slice does not fit its tensor. */
export function channelViews(
  manifest: TensorManifest,
  families: readonly ChannelFamily[],
): ReadonlyMap<string, ChannelView> {
  const shapes = new Map(manifest.map(({ name, shape }) => [name, shape]));
  const views = new Map<string, ChannelView>();
  for (const family of families)
    for (const { tensor, axis, repeats } of family.slices) {
      const shape = shapes.get(tensor);
      if (shape?.[axis] !== repeats * family.channels || views.has(tensor))
        throw new ParametersError(
          'parameters.channels',
          `Axis ${axis} of ${tensor} is not ${repeats} × the ${family.channels} channels of ${family.name}, and theirs alone.`,
        );
      const outer = elementCount(shape.slice(0, axis));
      views.set(tensor, { family, repeats, outer, inner: elementCount(shape.slice(axis + 1)), axis });
    }
  return views;
}

/** Names and shapes of what is left when only the kept channels are. */
export function keptManifest(
  manifest: TensorManifest,
  families: readonly ChannelFamily[],
  kept: KeptChannels,
): TensorManifest {
  const views = channelViews(manifest, families);
  return manifest.map(({ name, shape }) => {
    const view = views.get(name);
    const channels = view && kept.get(view.family.name);
    if (view === undefined || channels === undefined) return { name, shape };
    return { name, shape: shape.with(view.axis, view.repeats * channels.length) };
  });
}

/** Copies of the kept channels, under the same names in smaller shapes; what has no channels is copied whole. */
export function takeChannels(
  tensors: NamedTensors,
  families: readonly ChannelFamily[],
  kept: KeptChannels,
): NamedTensors {
  const manifest = manifestOf(tensors);
  const smaller = new Map<string, Tensor>(
    keptManifest(manifest, families, kept).map(({ name, shape }) => [
      name,
      { shape, data: new Float32Array(elementCount(shape)) },
    ]),
  );
  const views = channelViews(manifest, families);
  for (const [name, { data }] of tensors) {
    const target = smaller.get(name)?.data ?? new Float32Array();
    const runs = runsOf(views.get(name), kept);
    if (runs === undefined) target.set(data);
    else
      runs((whole, part, length) => {
        copy(data, whole, target, part, length);
      });
  }
  return smaller;
}

/** Writes kept channels back to where they were taken from, in place; the other channels of `whole` stay. */
export function putChannels(
  whole: NamedTensors,
  families: readonly ChannelFamily[],
  kept: KeptChannels,
  parts: NamedTensors,
): void {
  const views = channelViews(manifestOf(whole), families);
  for (const [name, { data }] of parts) {
    const target = whole.get(name)?.data;
    if (target === undefined)
      throw new ParametersError('parameters.channels', `There is no tensor ${name} to put channels back into.`);
    const runs = runsOf(views.get(name), kept);
    if (runs === undefined) target.set(data);
    else
      runs((at, part, length) => {
        copy(data, part, target, at, length);
      });
  }
}

/** Runs of neighbouring elements: where each lies in the whole tensor, where in the kept part, and how long it is. */
export type EachRun = (use: (whole: number, part: number, length: number) => void) => void;

/** The runs that are kept of a tensor, in the order of the kept part; undefined when the whole tensor is. */
export function runsOf(view: ChannelView | undefined, kept: KeptChannels): EachRun | undefined {
  const channels = view && kept.get(view.family.name);
  if (view === undefined || channels === undefined) return undefined;
  const { repeats, outer, inner, family } = view;
  return (use) => {
    let part = 0;
    for (let row = 0; row < outer * repeats; row++)
      for (const channel of channels) {
        use((row * family.channels + channel) * inner, part, inner);
        part += inner;
      }
  };
}

/** A call of `set` for a single number takes many times as long as writing it. */
function copy(from: Float32Array, start: number, to: Float32Array, at: number, length: number): void {
  if (length < 16) for (let i = 0; i < length; i++) to[at + i] = from[start + i] ?? 0;
  else to.set(from.subarray(start, start + length), at);
}

/** For each family, the norm of the change of each of its channels, over all tensors in which it lies. */
export function channelChanges(
  before: NamedTensors,
  after: NamedTensors,
  families: readonly ChannelFamily[],
): ReadonlyMap<string, Float64Array> {
  const squares = new Map(families.map(({ name, channels }) => [name, new Float64Array(channels)]));
  const views = channelViews(manifestOf(before), families);
  for (const [name, { family, inner }] of views) {
    const [old, now] = [before.get(name)?.data ?? new Float32Array(), after.get(name)?.data ?? new Float32Array()];
    const sums = squares.get(family.name) ?? new Float64Array();
    for (let element = 0; element < old.length; element++) {
      const channel = Math.floor(element / inner) % family.channels;
      sums[channel] = (sums[channel] ?? 0) + ((now[element] ?? NaN) - (old[element] ?? NaN)) ** 2;
    }
  }
  return new Map([...squares].map(([name, sums]) => [name, sums.map(Math.sqrt)]));
}
