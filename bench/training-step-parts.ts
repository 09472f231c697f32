import { Session, SPIN_ALONE_MICROSECONDS, type Feed, type OnnxModel, type SessionOptions } from '#autograd';
import { adapterManifest, gradientName, headManifest, loraManifest, type EncoderConfig } from '#language-models';
import type { NamedTensors, Tensor } from '#parameters';
import { adamW } from '#tuning';

import { milliseconds } from './clock.ts';
import { filled } from './matrix-products.ts';
import { SIZES, THREADS } from './training-step-shape.ts';

/** What a worker that is alone on the machine opens its session with. */
export const SETTINGS: SessionOptions = { threads: THREADS, spinMicroseconds: SPIN_ALONE_MICROSECONDS };

export type Step = Awaited<ReturnType<typeof openStep>>;

/** A step in its parts, each of which gives the milliseconds that it took. */
export async function openStep(
  model: OnnxModel,
  config: EncoderConfig,
  blocks: number[],
  options: SessionOptions = {},
) {
  const session = await Session.open(model, { ...SETTINGS, ...options });
  const manifest = [
    ...adapterManifest(config, SIZES.width),
    ...loraManifest(config, { rank: SIZES.rank, blocks }),
    ...headManifest(config, SIZES.labels),
  ];
  const { batch, sequence, labels } = SIZES;
  const integers = (shape: number[], value: (i: number) => number): Feed => ({
    type: 'int64',
    shape,
    data: BigInt64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => BigInt(value(i))),
  });
  const parameters = new Map(manifest.map(({ name, shape }) => [name, filled(shape)]));
  const feeds: Record<string, Feed> = {
    ids: integers([batch, sequence], (i) => (i * 7919) % config.vocabulary),
    mask: integers([batch, sequence], () => 1),
    labels: integers([batch], (i) => i % labels),
    loraScale: { shape: [], data: Float32Array.of(2) },
    ...Object.fromEntries(parameters),
  };
  const run = async (train: boolean) =>
    session.run({ ...feeds, train: { type: 'bool', shape: [], data: Uint8Array.of(train ? 1 : 0) } });
  const optimiser = adamW();
  const state = optimiser.initial(parameters);
  let slopes: NamedTensors = new Map();
  return {
    gradients: async () =>
      timed(async () => {
        const out = await run(true);
        slopes = new Map(manifest.map(({ name }) => [name, out[gradientName(name)] as Tensor]));
      }),
    evaluate: async () => timed(async () => run(false)),
    update: () => {
      const start = milliseconds();
      optimiser.update(slopes, state, parameters, 1e-4);
      return milliseconds() - start;
    },
    close: async () => session.close(),
  };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = milliseconds();
  await work();
  return milliseconds() - start;
}
