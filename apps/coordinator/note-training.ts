import type { DataOf, uploadSent } from '#contracts';
import type { Delivery } from '#events';
import { ExperimentRecord, insertLocalTraining } from '#storage';
import { Injectable } from '@nestjs/common';
import { AdvanceRound } from './advance-round.ts';
import { isKnown } from './record-download.ts';

/** upload.sent → how the client's training went, whether or not its upload arrives. */
@Injectable()
export class NoteTraining {
  readonly #record: ExperimentRecord;
  readonly #advance: AdvanceRound;

  constructor(record: ExperimentRecord, advance: AdvanceRound) {
    this.#record = record;
    this.#advance = advance;
  }

  async handle({ envelope, data }: Delivery<DataOf<typeof uploadSent>>): Promise<void> {
    const { round, client, blob, examples, training } = data;
    await this.#advance.take(envelope.experiment, async (current) => {
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
        recordedAt: new Date(envelope.time),
      };
      await this.#record.use((db) => insertLocalTraining(db, row));
      return undefined;
    });
  }
}
