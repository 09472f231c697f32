import { describe, expect, it } from '@jest/globals';
import { digestOfTensors } from '#parameters';
import { randomStream } from '#randomness';
import { aggregate, shares } from './aggregate.ts';
import type { Contribution } from './aggregation-rule.ts';
import { aggregationRuleNamed } from './catalogue.ts';

const manifest = [{ name: 'w', shape: [2] }];

function contribution(client: string, examples: number, ...data: number[]): Contribution {
  return { client, examples, tensors: new Map([['w', { shape: [data.length], data: new Float32Array(data) }]]) };
}

async function* streamed(contributions: readonly Contribution[]): AsyncGenerator<Contribution> {
  await Promise.resolve();
  yield* contributions;
}

function run(rule: string, contributions: readonly Contribution[]) {
  return aggregate(aggregationRuleNamed(rule), manifest, streamed(contributions));
}

describe('federated averaging', () => {
  it('weighs by examples: [1, 2] of 10 and [3, 4] of 30 give [2.5, 3.5]', async () => {
    const result = await run('federated-averaging', [contribution('a', 10, 1, 2), contribution('b', 30, 3, 4)]);
    expect([...result!.get('w')!.data]).toEqual([2.5, 3.5]);
  });

  it('gives the same digest however the contributions arrived, once they are put in order', async () => {
    const draw = randomStream(7, 'test');
    const arrived = Array.from({ length: 20 }, (_, index) =>
      contribution(`client-${index}`, 1 + draw.integer(500), draw.normal() * 1e3, draw.normal() * 1e-3),
    );
    const digests = new Set<string>();
    for (let permutation = 0; permutation < 5; permutation++) {
      const inOrder = draw.shuffle(arrived).sort((left, right) => (left.client < right.client ? -1 : 1));
      digests.add(digestOfTensors((await run('federated-averaging', inOrder))!));
    }
    expect(digests.size).toBe(1);
  });

  it('refuses contributions out of order, and the same client twice', async () => {
    const [a, b] = [contribution('a', 1, 1, 2), contribution('b', 1, 3, 4)];
    await expect(run('federated-averaging', [b, a])).rejects.toMatchObject({ code: 'federation.order' });
    await expect(run('federated-averaging', [a, a])).rejects.toMatchObject({ code: 'federation.order' });
  });
});

it('averages a channel over those who sent it, and leaves what nobody sent', async () => {
  const families = [{ name: 'units', channels: 3, slices: [{ tensor: 'w', axis: 0, repeats: 1 }] }];
  const before = new Map([['w', { shape: [3], data: Float32Array.of(7, 8, 9) }]]);
  const sparse = (client: string, examples: number, kept: number[], ...data: number[]): Contribution => ({
    ...contribution(client, examples, ...data),
    kept: new Map([['units', kept]]),
  });
  const result = await aggregate(
    aggregationRuleNamed('federated-averaging'),
    [{ name: 'w', shape: [3] }],
    streamed([sparse('a', 10, [0, 2], 1, 2), sparse('b', 30, [2], 4)]),
    { families, before },
  );
  expect([...result!.get('w')!.data]).toEqual([1, 8, 3.5]);
});

it('switched off leaves the global model alone', async () => {
  expect(await run('none', [contribution('a', 1, 1, 2)])).toBeUndefined();
});

it('names what exists when asked for a rule that does not', () => {
  expect(() => aggregationRuleNamed('median')).toThrow('there is federated-averaging, none');
});

it('shares add up to one', () => {
  const parts = [
    { client: 'a', examples: 10 },
    { client: 'b', examples: 30 },
  ];
  expect(shares(parts)).toEqual([0.25, 0.75]);
});
