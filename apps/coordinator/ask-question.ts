import { experimentSubmitted, roundOpened, roundPlanned } from '#contracts';
import { byCodeUnit } from '#parameters';
import { findRound, listChangedProfiles, listCohort } from '#storage';
import { askRewardModels } from './await-rewards.ts';
import type { CurrentRound } from './current-round.ts';
import type { Turn } from './turn.ts';

/**
 * States the question that an experiment is at: its submission to the sites; `round.planned` to the channel, and to reward
 * models whether they are there; or `round.opened` with the global model. After a restart it is the same question in the
 * same words, so that the same answers follow.
 */
export async function askQuestion(turn: Turn, options: { readonly channelAlone?: boolean } = {}): Promise<void> {
  const { progress, current, submission } = turn;
  if (progress.state === 'enrolling') {
    turn.state(experimentSubmitted, { spec: submission.spec, base: submission.base });
  } else if (progress.state === 'running' && current !== undefined) {
    if (current.machine.stage === 'planned') {
      if (options.channelAlone !== true) await askRewardModels(turn, current);
      askChannel(turn, current);
    } else if (current.machine.isCollecting()) await askClients(turn, current);
  }
}

function askChannel(turn: Turn, { machine, clients }: CurrentRound): void {
  turn.state(roundPlanned, { round: machine.plan.number, candidates: [...clients.keys()].sort() });
}

async function askClients(turn: Turn, { machine, global }: CurrentRound): Promise<void> {
  const { number, purpose } = machine.plan;
  const { id, spec } = turn.submission;
  const key = { experimentId: id, number };
  const [cohort, round, profiles] = await Promise.all([
    listCohort(turn.db, key),
    findRound(turn.db, key),
    listChangedProfiles(turn.db, id),
  ]);
  const channelOrder = round?.channelOrder ?? null;
  const leftOut = round?.leftOutRewards ?? [];
  const changed = profiles.filter((row) => row.effectiveFromRound <= number);
  const versions = new Map(changed.map(({ client, version }) => [client, version]));
  turn.state(
    roundOpened,
    {
      round: number,
      forEvaluation: purpose === 'evaluation',
      cohort: cohort
        .map(({ client, site, keep }) => {
          const profile = versions.get(client);
          return { client, site, ...(profile === undefined ? {} : { profile }), ...(keep === null ? {} : { keep }) };
        })
        .sort((left, right) => byCodeUnit(left.client, right.client)),
      global,
      deadlineMs: spec.link.deadlineMs,
      ...(channelOrder === null ? {} : { channelOrder }),
      ...(leftOut.length === 0 ? {} : { leftOut: [...leftOut] }),
    },
    global.digest,
  );
}
