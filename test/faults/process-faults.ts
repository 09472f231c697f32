import { expect } from '@jest/globals';
import type { Outcome } from './outcome.ts';
import { Rig, type Target } from './rig.ts';
import type { ScenarioName } from './scenarios.ts';

/** What may befall the whole of a process, or of a topic; `come` brings it about in a run and sees what the run came to. */
export interface ProcessFault {
  readonly what: string;
  readonly scenario: ScenarioName;
  /** Whether it is tried by every test run. */
  readonly quick?: true;
  readonly come: (rig: Rig, undisturbed: Outcome) => Promise<void>;
}

/** Where services are asked to stop while they do something. */
const ASKED_TO_STOP: readonly { readonly where: string; readonly target: Target }[] = [
  {
    where: 'in a handler of the coordinator',
    target: { service: 'coordinator', contract: 'upload.delivered', moment: 'before-effect' },
  },
  {
    where: 'in the middle of a blob that the channel sends',
    target: { service: 'channel', contract: 'download.delivered', moment: 'sending-blob' },
  },
  {
    where: 'in the middle of training a client',
    target: { service: 'trainer', contract: '', moment: 'training' },
  },
];

/** Each by a name that a test run can choose. */
export const processFaults: readonly ProcessFault[] = [
  {
    what: 'the broker is killed in mid-round',
    scenario: 'plain',
    quick: true,
    come: (rig, undisturbed) => killInMidRound(rig, undisturbed, 'broker'),
  },
  {
    what: 'PostgreSQL is killed in mid-round',
    scenario: 'plain',
    quick: true,
    come: (rig, undisturbed) => killInMidRound(rig, undisturbed, 'database'),
  },
  {
    what: 'a trainer is killed in the middle of training a client',
    scenario: 'trained',
    async come(rig, undisturbed) {
      const run = await rig.run('trained', { service: 'trainer', contract: '', moment: 'training' });
      expect(run.outcome).toEqual(undisturbed);
      await expectIntact(rig, run.experiment);
    },
  },
  ...ASKED_TO_STOP.map(({ where, target }): ProcessFault => ({
    what: `a service is asked to stop by SIGTERM ${where}`,
    scenario: 'trained',
    quick: true,
    async come(rig, undisturbed) {
      const before = rig.endsOf(target.service).length;
      const run = await rig.run('trained', { ...target, signal: 'SIGTERM' });
      expect(run.outcome).toEqual(undisturbed);
      // In order, by itself: what takes longer than 20 s is killed by its own hand.
      expect(await rig.untilEndsOf(target.service, before)).toEqual(['exit code 0']);
      await expectIntact(rig, run.experiment);
    },
  })),
  {
    what: 'a coordinator is killed in mid-round and stays away; a second replica stands by',
    scenario: 'plain',
    async come(rig, undisturbed) {
      await rig.addStandby();
      const experiment = await rig.submit('plain');
      await rig.untilFirstUpload(experiment);
      await rig.kill('coordinator', { stayAway: true });
      try {
        expect(await rig.untilEnded(experiment)).toEqual(undisturbed);
        await expectIntact(rig, experiment);
      } finally {
        await rig.bringBack('coordinator');
        await rig.remove('coordinator/standby');
      }
    },
  },
  {
    what: 'a trainer site is killed in mid-round and never returns: `round.timeoutMs` closes the round without it',
    scenario: 'deserted',
    async come(rig, undisturbed) {
      const experiment = await rig.submit('deserted');
      await rig.untilFirstUpload(experiment);
      await rig.kill('trainer/site-1', { stayAway: true });
      let outcome;
      try {
        outcome = await rig.untilEnded(experiment);
      } finally {
        await rig.bringBack('trainer/site-1');
      }
      await expectClosedWithout(rig, experiment, 'client-1');
      expect(outcome.state).toBe('finished');
      expect(outcome.globalDigest).not.toBe(undisturbed.globalDigest);
      await expectIntact(rig, experiment);

      // Its answers come too late, and change nothing.
      expect(await rig.outcomeOf(experiment)).toEqual(outcome);
      await expectIntact(rig, experiment);
    },
  },
  {
    what: 'the database becomes read-only in mid-round, for a while',
    scenario: 'plain',
    quick: true,
    async come(rig, undisturbed) {
      const experiment = await rig.submit('plain');
      await rig.untilFirstUpload(experiment);
      await rig.readOnlyFor(3000);
      expect(await rig.untilEnded(experiment)).toEqual(undisturbed);
      await expectIntact(rig, experiment);
      const told = await rig.logLines('coordinator', 'is read-only');
      expect(told).toHaveLength(1);
      expect(told[0]).toContain('Name its primary by DATABASE_URL');
    },
  },
  {
    what: 'a spec is submitted again and again, and cancelled in mid-round, until its user regrets that',
    scenario: 'plain',
    async come(rig, undisturbed) {
      const experiment = await rig.submit('plain');
      await rig.submitAgain('plain', experiment);
      await rig.untilFirstUpload(experiment);
      await rig.cancelForAWhile(experiment);
      expect(await rig.untilEnded(experiment)).toEqual(undisturbed);
      const steps = await rig.query(
        `SELECT kind AS line FROM airtune.ledger WHERE experiment_id = $1 AND kind LIKE 'experiment.%' ORDER BY entry`,
        experiment,
      );
      expect(steps).toEqual(['submitted', 'cancelled', 'resumed', 'finished'].map((step) => `experiment.${step}`));
      await expectIntact(rig, experiment);
    },
  },
  {
    what: 'a second coordinator is started by mistake, of the same home and key, and neither ends',
    scenario: 'plain',
    async come(rig, undisturbed) {
      await rig.addStandby();
      try {
        const experiment = await rig.submit('plain');
        expect(await rig.untilEnded(experiment)).toEqual(undisturbed);
        await expectIntact(rig, experiment);
      } finally {
        await rig.remove('coordinator/standby');
      }
    },
  },
  {
    what: 'every message is delivered twice and out of order',
    scenario: 'plain',
    quick: true,
    async come(rig, undisturbed) {
      const run = await rig.inDisorder(() => rig.run('plain'));
      expect(run.outcome).toEqual(undisturbed);
      await expectIntact(rig, run.experiment);
    },
  },
  {
    what: 'the topics hold the traffic of other experiments, one of them unfinished, and the services know of none',
    scenario: 'plain',
    async come(rig, undisturbed) {
      const unfinished = await rig.submit('plain');
      await rig.untilFirstUpload(unfinished);
      await rig.silence();
      const newcomer = await Rig.start(rig);
      try {
        const run = await newcomer.run('plain');
        expect(run.outcome).toEqual(undisturbed);
        await expectIntact(newcomer, run.experiment);
      } finally {
        await newcomer.stop();
        await rig.resume();
      }

      // Whose traffic it was have gone on with it, although others have read what was for them.
      const { deadLetters: ofNewcomer, ...outcome } = await rig.untilEnded(unfinished);
      expect({ ...outcome, deadLetters: [] }).toEqual(undisturbed);
      expect(ofNewcomer.every((line) => line.endsWith('storage.experiment-unknown'))).toBe(true);
      await expectIntact(rig, unfinished);
    },
  },
];

async function killInMidRound(rig: Rig, undisturbed: Outcome, name: string): Promise<void> {
  const experiment = await rig.submit('plain');
  await rig.untilFirstUpload(experiment);
  await rig.kill(name);
  expect(await rig.untilEnded(experiment)).toEqual(undisturbed);
  await expectIntact(rig, experiment);
}

/** An audit replays every round, from the membership that was recorded, to the recorded digest. */
export async function expectIntact(rig: Rig, experiment: string): Promise<void> {
  expect(await rig.audit(experiment)).toMatchObject({ verdict: 'intact' });
}

/** Rounds were closed by the clock, are marked so, and say who was missing; whoever answered was counted. */
async function expectClosedWithout(rig: Rig, experiment: string, client: string): Promise<void> {
  const lines = await rig.query(
    `SELECT concat_ws(' ', stage, purpose, missing_clients::text) AS line FROM airtune.round
     WHERE experiment_id = $1 AND timed_out ORDER BY number`,
    experiment,
  );
  expect(lines).toContain(`committed training ["${client}"]`);
  expect(lines.at(-1)).toBe(`evaluated evaluation ["${client}"]`);
  const counted = await rig.query(
    `SELECT client AS line FROM airtune.contribution
     WHERE experiment_id = $1 AND verdict = 'accepted' AND round = (SELECT max(number) - 1 FROM airtune.round WHERE experiment_id = $1)
     ORDER BY client`,
    experiment,
  );
  expect(counted).toEqual(['client-0', 'client-2']);
}
