import { roundOpened, roundPlanned } from '#contracts';
import { Publisher } from '#events';
import { byCodeUnit, type Digest } from '#parameters';
import { ExperimentRecord, latestRound, listClients, listCohort, type RoundRow } from '#storage';
import { Injectable } from '@nestjs/common';
import { RoundTimer } from './round-timer.ts';
import { Submissions } from './submissions.ts';

/**
 * States the question that an experiment is at, from the record: `round.planned` to the channel, or `round.opened` with
 * the global model. After a restart the same question in the same words, so that the same answers follow.
 */
@Injectable()
export class AskQuestion {
  readonly #record: ExperimentRecord;
  readonly #submissions: Submissions;
  readonly #publisher: Publisher;
  readonly #timer: RoundTimer;

  constructor(record: ExperimentRecord, submissions: Submissions, publisher: Publisher, timer: RoundTimer) {
    this.#record = record;
    this.#submissions = submissions;
    this.#publisher = publisher;
    this.#timer = timer;
  }

  async ask(experiment: string): Promise<void> {
    const round = await this.#record.use((db) => latestRound(db, experiment));
    if (round?.stage === 'planned') await this.#askChannel(experiment, round);
    if (round?.stage === 'open') await this.#askClients(experiment, round);
  }

  async #askChannel(experiment: string, { number }: RoundRow): Promise<void> {
    const clients = await this.#record.use((db) => listClients(db, experiment));
    const candidates = clients.map(({ name }) => name).sort();
    await this.#publisher.publish(roundPlanned, { round: number, candidates }, { experiment });
  }

  async #askClients(experiment: string, round: RoundRow): Promise<void> {
    const members = await this.#record.use((db) => listCohort(db, { experimentId: experiment, number: round.number }));
    const { spec } = await this.#submissions.of(experiment);
    this.#timer.arm(experiment, round.number, spec.round.timeoutMs);
    await this.#publisher.publish(
      roundOpened,
      {
        round: round.number,
        forEvaluation: round.purpose === 'evaluation',
        cohort: members
          .map(({ client, site }) => ({ client, site }))
          .sort((left, right) => byCodeUnit(left.client, right.client)),
        global: { digest: round.globalBeforeDigest as Digest, bytes: round.globalBeforeBytes },
        deadlineMs: round.deadlineMs,
      },
      { experiment, blob: round.globalBeforeDigest },
    );
  }
}
