import { describe, expect, it } from '@jest/globals';
import { Round, type Decision, type RoundEvent, type RoundPlan } from './round.ts';

const candidates = ['client-2', 'client-0', 'client-1'].map((client) => ({ client, site: 'site-a' }));
const inOrder = ['client-0', 'client-1', 'client-2'].map((client) => ({ client, site: 'site-a' }));
const links = candidates.map(({ client }) => ({
  client,
  meanSnrDb: { uplink: 5, downlink: 5 },
  ergodicBitsPerSecondPerHz: { uplink: 1.7, downlink: 1.7 },
}));
const plan: RoundPlan = {
  number: 1,
  purpose: 'training',
  candidates,
  arms: ['federated', 'local-only'],
  minContributions: 1,
};

function opened(changes: Partial<RoundPlan> = {}): Round {
  const round = new Round({ ...plan, ...changes });
  round.apply({ kind: 'opened', cohort: inOrder });
  return round;
}

function all(round: Round, events: readonly RoundEvent[]): Decision[] {
  return events.map((event) => round.apply(event)).filter(({ kind }) => kind !== 'wait');
}

const evaluated = (client: string): RoundEvent[] => [
  { kind: 'evaluated', client, arm: 'federated' },
  { kind: 'evaluated', client, arm: 'local-only' },
];

describe('a round', () => {
  it('goes from plan to commit', () => {
    const round = new Round(plan);
    expect(round.stage).toBe('planned');

    expect(round.apply({ kind: 'links-measured', links })).toEqual({ kind: 'open', cohort: inOrder });
    expect(round.stage).toBe('measured');

    expect(round.apply({ kind: 'opened', cohort: inOrder })).toEqual({ kind: 'wait' });
    expect(round.stage).toBe('opened');

    all(round, [
      { kind: 'answered', client: 'client-0', answer: 'downloaded' },
      { kind: 'answered', client: 'client-1', answer: 'download-lost' },
      ...evaluated('client-1'),
      ...evaluated('client-0'),
      { kind: 'answered', client: 'client-2', answer: 'contributed' },
      { kind: 'answered', client: 'client-0', answer: 'contributed' },
      { kind: 'evaluated', client: 'client-2', arm: 'federated' },
    ]);
    expect(round.stage).toBe('collecting');
    expect(round.missing()).toEqual(['client-2']);

    expect(round.apply({ kind: 'evaluated', client: 'client-2', arm: 'local-only' })).toEqual({
      kind: 'commit',
      contributors: ['client-0', 'client-2'],
      missing: [],
    });
    expect(round.stage).toBe('committed');
  });

  it('comes to the same decision in whatever order facts arrive, and however often', () => {
    const facts: RoundEvent[] = [
      { kind: 'answered', client: 'client-2', answer: 'contributed' },
      { kind: 'answered', client: 'client-0', answer: 'contributed' },
      { kind: 'answered', client: 'client-1', answer: 'withheld' },
      ...evaluated('client-0'),
      ...evaluated('client-1'),
      ...evaluated('client-2'),
    ];
    for (let shift = 0; shift < facts.length; shift++) {
      const rotated = [...facts.slice(shift), ...facts.slice(0, shift)];
      for (const order of [rotated, rotated.toReversed(), rotated.flatMap((fact) => [fact, fact])])
        expect(all(opened(), order)).toEqual([{ kind: 'commit', contributors: ['client-0', 'client-2'], missing: [] }]);
    }
  });

  it('is abandoned when too few uploads arrive', () => {
    const round = opened({ minContributions: 2, arms: [] });
    const [decision] = all(round, [
      { kind: 'answered', client: 'client-0', answer: 'contributed' },
      { kind: 'answered', client: 'client-1', answer: 'upload-lost' },
      { kind: 'answered', client: 'client-2', answer: 'refused' },
    ]);
    expect(decision).toEqual({ kind: 'abandon', reason: '1 of 3 uploads arrived; at least 2 must', missing: [] });
    expect(round.stage).toBe('abandoned');
  });

  it('closes when its time is up, with what it has, and says who is missing', () => {
    const round = opened();
    all(round, [{ kind: 'answered', client: 'client-1', answer: 'contributed' }, ...evaluated('client-1')]);
    expect(round.apply({ kind: 'timed-out' })).toEqual({
      kind: 'commit',
      contributors: ['client-1'],
      missing: ['client-0', 'client-2'],
    });
    expect(round.apply({ kind: 'timed-out' })).toEqual({ kind: 'wait' });
  });

  it('takes the first answer of a client and no second', () => {
    const round = opened({ arms: [] });
    round.apply({ kind: 'answered', client: 'client-0', answer: 'refused' });
    round.apply({ kind: 'answered', client: 'client-0', answer: 'contributed' });
    expect(round.answerOf('client-0')).toBe('refused');
  });

  it('is not moved by strangers, nor before it is open', () => {
    const round = new Round(plan);
    expect(round.apply({ kind: 'answered', client: 'client-0', answer: 'contributed' })).toEqual({ kind: 'wait' });
    expect(round.apply({ kind: 'timed-out' })).toEqual({ kind: 'wait' });
    expect(round.stage).toBe('planned');
    const open = opened();
    open.apply({ kind: 'answered', client: 'mallory', answer: 'contributed' });
    expect(open.stage).toBe('opened');
    expect(open.answerOf('mallory')).toBeUndefined();
  });

  it('for evaluation ends with the last evaluation, without an upload', () => {
    const round = opened({ purpose: 'evaluation', arms: ['federated'] });
    const decisions = all(round, [
      { kind: 'answered', client: 'client-0', answer: 'downloaded' },
      { kind: 'answered', client: 'client-1', answer: 'download-lost' },
      { kind: 'answered', client: 'client-2', answer: 'downloaded' },
      ...inOrder.flatMap(({ client }) => evaluated(client)),
    ]);
    expect(decisions).toEqual([{ kind: 'conclude', missing: [] }]);
    expect(round.stage).toBe('evaluated');
  });

  it('without a single measured link is abandoned at once', () => {
    const round = new Round(plan);
    expect(round.apply({ kind: 'links-measured', links: [] })).toEqual({ kind: 'open', cohort: [] });
    expect(round.apply({ kind: 'opened', cohort: [] }).kind).toBe('abandon');
  });

  it('asks the same of 10,000 clients in time linear in their number', () => {
    const crowd = Array.from({ length: 10_000 }, (_, index) => ({ client: `client-${index}`, site: 'site-a' }));
    const round = new Round({ ...plan, candidates: crowd, arms: [] });
    round.apply({ kind: 'opened', cohort: crowd });
    const [decision] = all(
      round,
      crowd.map(({ client }) => ({ kind: 'answered', client, answer: 'contributed' })),
    );
    expect(decision?.kind === 'commit' && decision.contributors.length).toBe(10_000);
  });
});
