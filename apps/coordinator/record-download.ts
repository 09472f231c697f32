import type { DataOf, downloadDelivered, downloadLost } from '#contracts';
import type { Delivery } from '#events';
import { Injectable } from '@nestjs/common';
import { AdvanceRound } from './advance-round.ts';
import { crossingAnswer, isKnown } from './current-round.ts';
import { crossingRow } from './crossing-row.ts';

type Download = Delivery<DataOf<typeof downloadDelivered> | DataOf<typeof downloadLost>>;

/** download.delivered, download.lost → a transmission; one that is lost ends its client's part of the round. */
@Injectable()
export class RecordDownload {
  readonly #advance: AdvanceRound;

  constructor(advance: AdvanceRound) {
    this.#advance = advance;
  }

  async handle({ envelope, data }: Download): Promise<void> {
    const { client, round, transmission } = data;
    await this.#advance.take(envelope.experiment, (turn, current) => {
      if (!isKnown(current, data)) return undefined;
      turn.record({ table: 'transmission', row: crossingRow(envelope, 'downlink', data) });
      const answer = crossingAnswer('downlink', transmission.outcome);
      if (answer === undefined || round !== current.machine.plan.number) return undefined;
      return { kind: 'answered', client, answer };
    });
  }
}
