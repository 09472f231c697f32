import { describe, expect, it } from '@jest/globals';
import { describeCompletions } from './describe-completions.ts';
import { describeClosing, describePlan, describeRound, describeStatus } from './describe-run.ts';
import type { ClosingFigures, RoundFigures } from '#storage';
import type { RunPlan } from './run-figures.ts';

const plan: RunPlan = {
  experiment: 'pftt-1a2b3c',
  method: { name: 'pftt', summary: 'adapters are shared, LoRA and head stay personal' },
  model: { path: '/m', type: 'bert', layers: 4, hidden: 128, parameters: 1_850_000 },
  rounds: 20,
  labels: ['animal', 'food'],
  clients: [
    {
      client: 'client-0',
      examples: { train: 1200, personalTest: 300, generalTest: 200 },
      parameters: { shared: 66_304, personal: 40_000 },
      labelHistogram: [1000, 200],
      majorityClass: 0.83,
    },
    {
      client: 'client-1',
      examples: { train: 800, personalTest: 200, generalTest: 200 },
      parameters: { shared: 66_304, personal: 20_000 },
      majorityClass: 0.5,
    },
  ],
  bytesPerRound: { uplink: 530_000, downlink: 530_000 },
  link: 'Rayleigh, mean SNR 5 dB',
  notes: [],
  warnings: ['the expected transfer of 2.0 s exceeds the deadline of 1.0 s; 2 MHz would do'],
};

const round: RoundFigures = {
  round: 3,
  stage: 'committed',
  delivered: { uplink: 3, downlink: 4 },
  lost: { uplink: 1, downlink: 0 },
  missing: 0,
  withheld: 0,
  leftOutRewards: [],
  refused: 1,
  airtimeMs: 9800,
  delayMs: 1300,
  energyJ: 1.5,
  uplinkBytes: 795_000,
  downlinkBytes: 1_060_000,
  meanLoss: 1.2345,
  personalAccuracy: { mean: 0.541, worst: 0.47 },
  generalAccuracy: 0.412,
};

const closing: ClosingFigures = {
  experiment: 'pftt-1a2b3c',
  rounds: 20,
  globalDigest: 'sha256:ab',
  metrics: { personalAccuracy: { mean: 0.7, worst: 0.6, first: 0.2 }, generalAccuracy: { mean: 0.5, first: 0.1 } },
  cost: { uplinkBytes: 1e6, downlinkBytes: 2e6, airtimeMs: 90_000, energyJ: 18 },
  lost: { uplink: 2, downlink: 1 },
  clients: [0.6, 0.8].map((personalAccuracy, i) => ({
    client: `client-${i}`,
    site: 'local',
    basePrecision: 'fp32',
    trainExamples: 100,
    personalTestExamples: 50,
    personalAccuracy,
    personalAccuracyFirst: 0.2,
    generalAccuracy: 0.5,
    generalAccuracyFirst: 0.1,
    majorityClass: 0.4,
    localOnly: 0.65,
    personalDigest: 'sha256:cd',
    reward: null,
    rewardFirst: null,
    own: null,
  })),
};

/** Two clients that weigh helpfulness and safety their own way. */
const rewarded: ClosingFigures = {
  ...closing,
  metrics: {
    personalAccuracy: { mean: null, worst: null, first: null },
    generalAccuracy: { mean: null, first: null },
    reward: {
      mean: 0.4,
      first: -0.1,
      weighted: { mean: 0.55, first: -0.2 },
      components: { helpfulness: { mean: 0.5, first: 0 }, safety: { mean: 0.3, first: -0.2 } },
      gain: { mean: 0.75, low: 0.25, high: 1.25, instructions: 48, isShown: true },
    },
  },
  clients: closing.clients.map((client) => ({
    ...client,
    reward: {
      completions: 30,
      emptyCompletions: 0,
      weighted: 0.55,
      mean: 0.4,
      components: { helpfulness: 0.5, safety: 0.3 },
    },
    rewardFirst: null,
  })),
};

describe('answers before and after', () => {
  it('stand side by side with their scores', () => {
    const said = describeCompletions([
      {
        client: 'client-0',
        instruction: 'Define "river".',
        before: { text: 'A thing\n of  things.', rewards: { safety: 1 } },
        after: { text: `A stream. ${'long '.repeat(80)}`, rewards: { safety: 1.25 } },
      },
    ]);
    expect(said).toMatch(/^client-0 +before +after/);
    expect(said).toMatch(/Define "river"\. +A thing of things\. +A stream\./);
    expect(said).toMatch(/\[safety 1\.00\]/);
    expect(said).toContain('…');
  });
});

describe('what a run that learns from rewards says', () => {
  it('shows the reward of each round, by the spec’s weights and by the clients’ own', () => {
    const components = { helpfulness: 0.5, safety: 0.3 };
    const clients = { 'client-1': 0.6, 'client-0': 0.5 };
    const reward = { mean: 0.4, weighted: 0.55, components, clients };
    const said = describeRound({ ...round, reward, policy: { kl: 0.25, squaredDistance: 0.0125 } }, 15);
    expect(said).toContain('reward 0.400, helpfulness 0.500, safety 0.300');
    expect(said).toContain('by own weights 0.550 (client-0 0.500, client-1 0.600)');
    expect(said).toContain('KL to the start 0.250 nats, distance 0.0125');
  });

  it('says when a gain may be chance', () => {
    expect(describeClosing(rewarded)).toContain('gain by own weights    +0.750 (95 % interval +0.250 to +1.250');
    expect(describeClosing(rewarded)).not.toContain('NOT beyond');
    const gain = { mean: 0.1, low: -0.2, high: 0.4, instructions: 48, isShown: false };
    const metrics = { ...rewarded.metrics, reward: { ...rewarded.metrics.reward!, gain } };
    expect(describeClosing({ ...rewarded, metrics })).toContain('the gain is NOT beyond its 95 % interval');
  });

  describe('of decoders of their own', () => {
    const gain = { mean: 0.1, low: 0.05, high: 0.15, instructions: 48, isShown: true };
    const reward = rewarded.clients[0]!.reward!;
    const owned = (gains: readonly number[], untuned: string | null = null): ClosingFigures => ({
      ...rewarded,
      metrics: {
        ...rewarded.metrics,
        reward: { ...rewarded.metrics.reward!, own: { weighted: 0.65, gain: { ...gain, isShown: gains[0]! > 0 } } },
      },
      clients: rewarded.clients.map((client, i) => ({
        ...client,
        own: {
          digest: 'sha256:ef',
          reward: { ...reward, weighted: 0.55 + gains[i]!, components: { helpfulness: 0.7, safety: 0.3 } },
          gain: { ...gain, mean: gains[i]!, low: gains[i]! - 0.05, high: gains[i]! + 0.05 },
          untuned,
          endedEarly: untuned === null ? 'Iteration 2: too far.' : null,
        },
      })),
    });

    it('each beside the shared one, by the client’s own weights', () => {
      const said = describeClosing(owned([0.1, 0.1]));
      expect(said).toMatch(/client +shared +own +gain +95 % interval +helpfulness +safety/);
      expect(said).toMatch(/client-0 +0\.550 +0\.650 +\+0\.100 +\+0\.050 to \+0\.150 +0\.700 +0\.300/);
      expect(said).toContain('against the shared one +0.100 (95 % interval +0.050 to +0.150 over 48 held-out');
      expect(said).not.toMatch(/LOWER|NOT/);
      expect(said).toContain('client-1 ended its own tuning early: Iteration 2: too far.');
    });

    it('says which are worse, and who has none', () => {
      const said = describeClosing(owned([-0.02, 0.1]));
      expect(said).toContain('does not show that own decoders earn more');
      expect(said).toContain('client-0: its own decoder scores LOWER than the shared one; it keeps its own');
      expect(said).not.toContain('client-1: its own');
      expect(describeClosing(owned([0, 0], 'kl-limit: too far'))).toContain(
        'client-1 keeps the shared decoder: kl-limit: too far',
      );
      expect(describeClosing(rewarded)).not.toContain('own decoder');
    });
  });

  it('closes with each reward and each client, before and after', () => {
    const said = describeClosing(rewarded);
    expect(said).toMatch(/client\s+before\s+after\s+gain\s+helpfulness\s+safety/);
    expect(said).toMatch(/client-0\s+not measured\s+0\.550\s+0\.500\s+0\.300/);
    expect(said).toMatch(/by own weights\s+-0\.200 before, 0\.550 after/);
    expect(said).toMatch(/safety\s+-0\.200 before, 0\.300 after/);
    expect(said).not.toMatch(/accuracy/);
  });
});

describe('what a run says', () => {
  it('names model, parameters, clients and the warning before it starts', () => {
    const text = describePlan(plan);
    expect(text).toContain('bert, 4 blocks of 128, 1,850,000 parameters, frozen');
    expect(text).toContain('66,304 shared, 20,000 to 40,000 personal');
    expect(text).toMatch(/client-0 +1,200 +300 +83\.0 % +animal 1000, food 200/);
    expect(text).toMatch(/client-1 .*kept at the site/);
    expect(text).toContain('warning: the expected transfer of 2.0 s exceeds the deadline');
  });

  it('has one line a round', () => {
    expect(describeRound(round, 20)).toBe(
      'round  3/20 · 3 delivered, 1 lost, 1 refused · airtime 9.8 s · 795.0 kB up 1.06 MB down · loss 1.234 · ' +
        'personal 54.1 %, worst 47.0 % · general 41.2 %',
    );
    expect(describeRound({ ...round, stage: 'abandoned', reason: 'nothing arrived' }, 20)).toMatch(
      /abandoned: nothing arrived$/,
    );
    expect(describeRound({ ...round, missing: 2 }, 20)).toContain('3 delivered, 1 lost, 1 refused, 2 too late');
  });

  it('says where it is and how long it will take', () => {
    const status = { round: 2, rounds: 20, training: 3, sending: 1, lost: 0, remainingMs: 61_000 };
    expect(describeStatus(status)).toBe('round 2 of 20 · 3 training · 1 sending · 0 lost · about 61.0 s to go');
  });

  it('closes with each client before and after, and the difference with its interval', () => {
    const text = describeClosing(closing);
    expect(text).toMatch(/client-0 +40\.0 % +20\.0 % +60\.0 % +65\.0 % +−5\.0/);
    expect(text).toContain('+5.0 points (95 % interval −122.1 to +132.1 over 2 clients)');
  });

  it('says who was not measured', () => {
    const [first, second] = closing.clients;
    const late = { ...first!, personalAccuracy: null, personalAccuracyFirst: null, localOnly: null };
    expect(describeClosing({ ...closing, clients: [late, { ...second!, localOnly: null }] })).toMatch(
      /client-0 +40\.0 % +not measured +not measured/,
    );
    const none = { mean: null, worst: null, first: null };
    const text = describeClosing({ ...closing, metrics: { personalAccuracy: none, generalAccuracy: none } });
    expect(text).toContain('personalised accuracy  not measured before, not measured after');
  });
});
