import { NO_EXPERIMENT, rewardsByServices, type DataOf, type rewardModelAnnounced } from '#contracts';
import type { Delivery } from '#events';
import { ExperimentRecord, firstDigest, putRewardModel } from '#storage';
import { Injectable } from '@nestjs/common';
import { askQuestion } from './ask-question.ts';
import { rewardsLeftOut } from './await-rewards.ts';
import type { Turn } from './turn.ts';
import { Turns } from './turns.ts';

type Announced = Delivery<DataOf<typeof rewardModelAnnounced>>;

/**
 * reward-model.announced → known by its name; and there, in the round that awaits it, unless it is another than the one that
 * the experiment began with.
 */
@Injectable()
export class HearRewardModel {
  readonly #record: ExperimentRecord;
  readonly #turns: Turns;

  constructor(record: ExperimentRecord, turns: Turns) {
    this.#record = record;
    this.#turns = turns;
  }

  async handle({ envelope, data }: Announced): Promise<void> {
    const { model: name, version, digest, range, standardisation, round } = data;
    const card = {
      ...{ name, version, digest, rangeLowest: range.lowest, rangeHighest: range.highest },
      standardisationMean: standardisation.mean,
      standardisationDeviation: standardisation.deviation,
    };
    await this.#record.transaction((db) => putRewardModel(db, card, new Date(envelope.time)));
    const { experiment } = envelope;
    if (round === undefined || experiment === NO_EXPERIMENT) return;
    await this.#turns.take(experiment, (turn) => present(turn, { envelope, data: { ...data, round } }));
  }
}

async function present(
  turn: Turn,
  { envelope, data }: Announced & { readonly data: { readonly round: number } },
): Promise<void> {
  const { model, version, digest, round } = data;
  const { submission, current, db } = turn;
  if (!turn.isRunning || current?.machine.stage !== 'planned' || current.machine.plan.number !== round) return;
  if (!rewardsByServices(submission.spec.rewards).some((service) => service.model === model)) return;
  const began = (await firstDigest(db, submission.id, model)) ?? digest;
  const refused = began === digest || submission.spec.rewards.allowNewVersions ? null : 'version-changed';
  const key = { experimentId: submission.id, round, model, digest };
  turn.record({ table: 'reward_presence', row: { ...key, version, refused, recordedAt: new Date(envelope.time) } });
  await turn.settle();
  // The channel's answer may have come before; it is the same when it is asked again.
  const leftOut = await rewardsLeftOut(turn, round);
  if (leftOut?.length === 0) await askQuestion(turn, { channelAlone: true });
}
