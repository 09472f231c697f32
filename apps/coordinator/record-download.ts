import type { DataOf, downloadDelivered, downloadLost } from '#contracts';
import type { Delivery } from '#events';
import { ExperimentRecord, insertTransmission } from '#storage';
import { Injectable } from '@nestjs/common';
import { AdvanceRound } from './advance-round.ts';
import { crossingAnswer, type CurrentRound } from './current-rounds.ts';
import { crossingRow } from './crossing-row.ts';

/** download.delivered, download.lost → a transmission; one that is lost ends its client's part of the round. */
@Injectable()
export class RecordDownload {
  readonly #record: ExperimentRecord;
  readonly #advance: AdvanceRound;

  constructor(record: ExperimentRecord, advance: AdvanceRound) {
    this.#record = record;
    this.#advance = advance;
  }

  async handle({
    envelope,
    data,
  }: Delivery<DataOf<typeof downloadDelivered> | DataOf<typeof downloadLost>>): Promise<void> {
    const { client, round, transmission } = data;
    await this.#advance.take(envelope.experiment, async (current) => {
      if (!isKnown(current, data)) return undefined;
      await this.#record.use((db) => insertTransmission(db, crossingRow(envelope, 'downlink', data)));
      const answer = crossingAnswer('downlink', transmission.outcome);
      if (answer === undefined || round !== current.machine.plan.number) return undefined;
      return { kind: 'answered', client, answer };
    });
  }
}

/** Whether the record has the round and the client that a fact names. */
export function isKnown(current: CurrentRound, fact: { readonly client: string; readonly round: number }): boolean {
  return fact.round >= 1 && fact.round <= current.machine.plan.number && current.examples.has(fact.client);
}
