import type { DataOf, RolloutMeasure, uploadSent } from '#contracts';
import type { Delivery } from '#events';
import { Injectable } from '@nestjs/common';
import { AdvanceRound } from './advance-round.ts';
import { isKnown } from './current-round.ts';

/** upload.sent → how the client's training went, whether or not its upload arrives. */
@Injectable()
export class NoteTraining {
  readonly #advance: AdvanceRound;

  constructor(advance: AdvanceRound) {
    this.#advance = advance;
  }

  async handle({ envelope, data }: Delivery<DataOf<typeof uploadSent>>): Promise<void> {
    const { round, client, blob, examples, training } = data;
    await this.#advance.take(envelope.experiment, (turn, current) => {
      if (!isKnown(current, data)) return undefined;
      const row = {
        experimentId: envelope.experiment,
        round,
        client,
        digest: blob.digest,
        bytes: blob.bytes,
        examples,
        steps: training.steps,
        firstLossNats: training.firstLoss,
        lastLossNats: training.lastLoss,
        meanLossNats: training.meanLoss,
        ...rolloutColumns(training.rollouts),
        recordedAt: new Date(envelope.time),
      };
      turn.record({ table: 'local_training', row });
      return undefined;
    });
  }
}

/** The distance is no reward, so it has a column of its own, as KL has; the rest is one document. */
function rolloutColumns(rollouts: RolloutMeasure | undefined) {
  if (rollouts === undefined) return { klNats: null, squaredDistance: null, rollouts: null };
  const { kl, squaredDistance, ...rest } = rollouts;
  return { klNats: kl, squaredDistance, rollouts: rest };
}
