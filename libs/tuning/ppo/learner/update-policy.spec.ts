import { probeInt8 } from '#autograd';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadDecoder, sparseAttention, type DecoderWeights } from '#language-models';
import { channelFamilies } from '#methods';
import { digestOfTensors, manifestOf, type NamedTensors } from '#parameters';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PolicySession } from './policy-session.ts';
import { squaredDistance } from './proximity.ts';
import { updatePolicy, type Policy, type ScoredCompletions, type UpdateSettings } from './update-policy.ts';

/** A PPO update of the last two blocks of tiny-gpt2 that PyTorch made: two epochs of two minibatches, at temperature 0.7. */
interface Fixture {
  readonly prompts: number[][];
  readonly completions: number[][];
  readonly scores: number[];
  readonly start: Record<string, number[]>;
  readonly global: Record<string, number[]>;
  readonly value: Record<string, number[]>;
  readonly kl: number;
  readonly distance: number;
  readonly losses: number[];
  readonly oldLogProbabilities: number[];
  readonly end: Record<string, number[]>;
}

const TINY = join(import.meta.dirname, '../../../language-models/fixtures/checkpoints/tiny-gpt2');
const shape = { trainableBlocks: 2, temperature: 0.7, clip: 0.2, valueClip: 0.2, valueCoefficient: 0.1 };
const settings: UpdateSettings = {
  gamma: 1,
  lambda: 0.95,
  klEstimator: 'k1',
  klCoefficient: 0.05,
  whitenRewards: false,
  optimiser: 'adamw',
  learningRate: 0.01,
  weightDecay: 0.01,
  clipNorm: 0.5,
  schedule: 'constant',
  totalSteps: 4,
  warmupSteps: 0,
  firstStep: 0,
  epochs: 2,
  batchSize: 2,
  klLimit: 100,
  proximal: 0.3,
};

let weights: DecoderWeights;
let session: PolicySession;
let fixture: Fixture;

beforeAll(async () => {
  weights = await loadDecoder(TINY);
  session = await PolicySession.open(weights, shape);
  fixture = JSON.parse(await readFile(join(import.meta.dirname, '../fixtures/ppo-update.json'), 'utf8')) as Fixture;
});

afterAll(() => session.close());

function tensors(numbers: Readonly<Record<string, number[]>>): NamedTensors {
  const shapes = new Map([...weights.tensors].map(([name, tensor]) => [name, tensor.shape]));
  return new Map(
    Object.entries(numbers).map(([name, data]) => [
      name,
      { shape: shapes.get(name) ?? (name === 'value.bias' ? [1] : [data.length, 1]), data: Float32Array.from(data) },
    ]),
  );
}

function policy(): Policy {
  return {
    tuned: tensors(fixture.start),
    valueHead: tensors(fixture.value),
    global: tensors(fixture.global),
    reference: session.base,
  };
}

function drawn(scores = fixture.scores): ScoredCompletions {
  const completions = fixture.prompts.map((prompt, i) => ({ prompt, ids: fixture.completions[i]! }));
  return { completions, scores };
}

/** From the base itself, as a client begins its first round. */
function fromBase(): Policy {
  const copy = (): NamedTensors =>
    new Map([...session.base].map(([name, { shape: dims, data }]) => [name, { shape: dims, data: data.slice() }]));
  return { tuned: copy(), valueHead: tensors(fixture.value), global: copy(), reference: session.base };
}

describe('a PPO update', () => {
  it('is the one that PyTorch makes', async () => {
    const own = policy();
    const result = await updatePolicy(session, own, drawn(), settings);
    if (result.outcome !== 'updated') throw new Error(result.message);
    const { figures } = result;
    expect([figures.kl, figures.distance]).toBeAllClose([fixture.kl, fixture.distance], { relative: 1e-4 });
    const { losses } = fixture;
    expect([figures.first.loss, figures.last.loss]).toBeAllClose([losses[0]!, losses[3]!], { absolute: 1e-5 });
    for (const [name, end] of Object.entries(fixture.end)) {
      const { data } = (own.tuned.get(name) ?? own.valueHead.get(name))!;
      expect(data).toBeAllClose(end, { relative: 1e-4, absolute: 2e-5 });
    }
  });

  it('begins at a ratio of exactly 1: old log-probabilities are those of its own graph', async () => {
    const result = await updatePolicy(session, policy(), drawn(), settings);
    if (result.outcome !== 'updated') throw new Error(result.message);
    expect([result.figures.first.approximateKl, result.figures.first.clippedFraction]).toEqual([0, 0]);
    expect(result.figures.last.approximateKl).toBeGreaterThan(0);
    const batch = await session.prepare(drawn().completions);
    const whole = new Map([...policy().tuned, ...policy().valueHead]);
    const { logProbabilities, values } = await session.estimate(whole, batch);
    expect(logProbabilities).toBeAllClose(fixture.oldLogProbabilities, { relative: 1e-5, absolute: 1e-5 });
    const old = {
      oldLogProbabilities: logProbabilities,
      oldValues: values,
      advantages: values.map(() => 1),
      returns: values,
    };
    const { losses } = await session.gradients(whole, batch, old);
    expect(losses).toMatchObject({ policyLoss: -1, valueLoss: 0, approximateKl: 0 });
  });

  it('spares its first step the way through the vocabulary without changing a bit', async () => {
    const batch = await session.prepare(drawn().completions);
    const whole = new Map([...policy().tuned, ...policy().valueHead]);
    const { logProbabilities, values, slopes } = await session.estimate(whole, batch, { slopes: true });
    const advantages = values.map((_, at) => Math.sin(at));
    const old = { oldLogProbabilities: logProbabilities, oldValues: values, advantages, returns: advantages };
    const spared = await session.gradients(whole, batch, old, slopes);
    const computed = await session.gradients(whole, batch, old);
    expect(spared.losses).toEqual(computed.losses);
    expect(digestOfTensors(spared.gradients)).toBe(digestOfTensors(computed.gradients));
    expect(spared.gradients.get('decoder.2.output.weight')!.data.some((slope) => slope !== 0)).toBe(true);
    expect((await session.estimate(whole, batch)).slopes).toBeUndefined();
  });

  it('begins at a ratio of exactly 1 on a base in int8 too, and at other log-probabilities', async () => {
    const arithmetic = { precision: 'int8', levels: (await probeInt8()) ?? 63, exceptions: new Set<string>() } as const;
    const onInt8 = await PolicySession.open({ ...weights, arithmetic }, { ...shape, trainableBlocks: 1 });
    const onFp32 = await PolicySession.open(weights, { ...shape, trainableBlocks: 1 });
    try {
      const estimates = [];
      for (const opened of [onInt8, onFp32]) {
        const tuned = new Map(
          [...opened.base].map(([name, { shape: dims, data }]) => [name, { shape: dims, data: data.slice() }]),
        );
        const own = { ...policy(), tuned, global: tuned, reference: opened.base };
        const whole = new Map([...tuned, ...own.valueHead]);
        const batch = await opened.prepare(drawn().completions);
        estimates.push((await opened.estimate(whole, batch)).logProbabilities);
        const result = await updatePolicy(opened, own, drawn(), settings);
        if (result.outcome !== 'updated') throw new Error(result.message);
        expect([result.figures.first.approximateKl, result.figures.first.clippedFraction]).toEqual([0, 0]);
      }
      expect(estimates[0]).not.toEqual(estimates[1]);
      expect(estimates[0]).toBeAllClose(estimates[1]!, { absolute: 0.05 });
    } finally {
      await onInt8.close();
      await onFp32.close();
    }
  });

  it('gives the same bits twice', async () => {
    const [a, b] = [policy(), policy()];
    await updatePolicy(session, a, drawn(), settings);
    await updatePolicy(session, b, drawn(), settings);
    expect(digestOfTensors(a.tuned)).toBe(digestOfTensors(b.tuned));
  });

  it('strays from base and global model only once it has moved: KL and distance are 0 first, then not', async () => {
    const own = fromBase();
    const figures = [];
    for (let iteration = 0; iteration < 3; iteration++) {
      const result = await updatePolicy(session, own, drawn(), settings);
      if (result.outcome !== 'updated') throw new Error(result.message);
      figures.push(result.figures);
    }
    expect([figures[0]!.kl, figures[0]!.distance]).toEqual([0, 0]);
    for (const { kl, distance } of figures.slice(1)) {
      expect(kl).toBeGreaterThan(1e-4);
      expect(distance).toBeGreaterThan(1e-4);
    }
  });

  it('ends elsewhere with a KL penalty than without, from the second iteration on', async () => {
    const after = async (klCoefficient: number, iterations: number) => {
      const own = fromBase();
      for (let i = 0; i < iterations; i++) await updatePolicy(session, own, drawn(), { ...settings, klCoefficient });
      return digestOfTensors(own.tuned);
    };
    expect(await after(0, 1)).toBe(await after(0.05, 1));
    expect(await after(0, 2)).not.toBe(await after(0.05, 2));
  });

  it('stays closer to the global model the larger λ is', async () => {
    const distances = [];
    for (const proximal of [0, 0.5, 5]) {
      const own = fromBase();
      for (let i = 0; i < 4; i++) await updatePolicy(session, own, drawn(), { ...settings, clipNorm: 1e6, proximal });
      distances.push(squaredDistance(own.tuned, own.global));
    }
    expect(distances).toEqual([...distances].sort((left, right) => right - left));
    expect(new Set(distances).size).toBe(3);
  });
});

describe('sparse channels', () => {
  it('that are not kept do not move, not even by weight decay', async () => {
    const own = fromBase();
    const families = channelFamilies(manifestOf(own.tuned), 'tunable');
    const kept = new Map(families.map(({ name }) => [name, name.startsWith('attention') ? [1, 6] : [0, 5, 30]]));
    await updatePolicy(session, { ...own, sparse: { families, kept } }, drawn(), settings);
    const moved = (name: string): number[] => {
      const [now, before] = [own.tuned.get(name)!.data, own.global.get(name)!.data];
      return [...now.keys()].filter((at) => now[at] !== before[at]);
    };
    expect(moved('decoder.1.attention.qkv.bias').every((at) => [1, 6].includes(at % 8))).toBe(true);
    expect(moved('decoder.1.attention.qkv.weight').length).toBeGreaterThan(0);
    expect(moved('decoder.1.attention.qkv.weight').every((at) => [1, 6].includes((at % 24) % 8))).toBe(true);
    expect(moved('decoder.2.output.weight').every((at) => [0, 5, 30].includes(Math.floor(at / 8)))).toBe(true);
    expect(moved('decoder.2.attention.norm.weight').length).toBeGreaterThan(0);
  });

  it('and a sparse pattern train together', async () => {
    const blockBias = sparseAttention(weights.config, 2, 0.5);
    const sparse = await PolicySession.open(weights, { ...shape, blockBias });
    const [dense, own] = [fromBase(), fromBase()];
    await updatePolicy(session, dense, drawn(), settings);
    const result = await updatePolicy(sparse, own, drawn(), settings);
    await sparse.close();
    expect(result).toMatchObject({ outcome: 'updated', figures: { first: { approximateKl: 0 } } });
    expect(digestOfTensors(own.tuned)).not.toBe(digestOfTensors(dense.tuned));
  });
});

describe('what stops an update', () => {
  it('a KL above its limit: nothing is trained', async () => {
    const own = policy();
    const before = digestOfTensors(own.tuned);
    const result = await updatePolicy(session, own, drawn(), { ...settings, klLimit: fixture.kl / 2 });
    expect(result).toMatchObject({ outcome: 'stopped', reason: 'kl-limit', kl: expect.closeTo(fixture.kl, 4) });
    expect(digestOfTensors(own.tuned)).toBe(before);
  });

  it('a reward that is not a number', async () => {
    const result = await updatePolicy(session, policy(), drawn([1, NaN, 0, 2]), settings);
    expect(result).toMatchObject({ outcome: 'stopped', reason: 'loss-not-finite' });
  });

  it('a reward that explodes does not: advantages are whitened', async () => {
    const result = await updatePolicy(session, policy(), drawn([1, 1e9, 0, 2]), { ...settings, proximal: 0 });
    expect(result).toMatchObject({ outcome: 'updated' });
  });
});
