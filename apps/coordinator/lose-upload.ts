import type { DataOf, uploadLost, uploadWithheld } from '#contracts';
import type { Delivery } from '#events';
import { Injectable } from '@nestjs/common';
import { AdvanceRound } from './advance-round.ts';
import { crossingRow } from './crossing-row.ts';
import { isKnown } from './current-round.ts';

/** upload.lost, upload.withheld → recorded; the client has nothing to add to this round. */
@Injectable()
export class LoseUpload {
  readonly #advance: AdvanceRound;

  constructor(advance: AdvanceRound) {
    this.#advance = advance;
  }

  async lost({ envelope, data }: Delivery<DataOf<typeof uploadLost>>): Promise<void> {
    await this.#advance.take(envelope.experiment, (turn, current) => {
      if (!isKnown(current, data)) return undefined;
      turn.record({ table: 'transmission', row: crossingRow(envelope, 'uplink', data) });
      if (data.round !== current.machine.plan.number) return undefined;
      return { kind: 'answered', client: data.client, answer: 'upload-lost' };
    });
  }

  async withheld({ envelope, data }: Delivery<DataOf<typeof uploadWithheld>>): Promise<void> {
    const { client, round, reason, message } = data;
    await this.#advance.take(envelope.experiment, (turn, current) => {
      if (!isKnown(current, data)) return undefined;
      const row = {
        experimentId: envelope.experiment,
        round,
        client,
        verdict: 'withheld' as const,
        digest: null,
        bytes: null,
        examples: null,
        weight: null,
        answers: null,
        head: null,
        signature: null,
        reasonCode: reason,
        reasonMessage: message,
        recordedAt: new Date(envelope.time),
      };
      turn.record({ table: 'contribution', row });
      if (round !== current.machine.plan.number) return undefined;
      return { kind: 'answered', client, answer: 'withheld' };
    });
  }
}
