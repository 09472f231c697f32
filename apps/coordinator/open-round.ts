import type { DataOf, linksMeasured } from '#contracts';
import type { Delivery } from '#events';
import { ExperimentRecord, openPlannedRound } from '#storage';
import { Injectable } from '@nestjs/common';
import { AdvanceRound } from './advance-round.ts';

/** links.measured → the round is opened for its cohort. */
@Injectable()
export class OpenRound {
  readonly #record: ExperimentRecord;
  readonly #advance: AdvanceRound;

  constructor(record: ExperimentRecord, advance: AdvanceRound) {
    this.#record = record;
    this.#advance = advance;
  }

  async handle({ envelope, data }: Delivery<DataOf<typeof linksMeasured>>): Promise<void> {
    const experimentId = envelope.experiment;
    const links = new Map(data.links.map((link) => [link.client, link]));
    await this.#advance.take(experimentId, async ({ machine }) => {
      if (data.round !== machine.plan.number) return undefined;
      const decision = machine.apply({ kind: 'links-measured', links: data.links });
      if (decision.kind !== 'open') return undefined;
      const cohort = decision.cohort.flatMap(({ client, site }) => {
        const link = links.get(client);
        if (link === undefined) return [];
        return {
          experimentId,
          round: data.round,
          client,
          site,
          meanSnrUplinkDb: link.meanSnrDb.uplink,
          meanSnrDownlinkDb: link.meanSnrDb.downlink,
          ergodicUplinkBitsPerSecondPerHz: link.ergodicBitsPerSecondPerHz.uplink,
          ergodicDownlinkBitsPerSecondPerHz: link.ergodicBitsPerSecondPerHz.downlink,
        };
      });
      const key = { experimentId, number: data.round };
      await this.#record.transaction((db) => openPlannedRound(db, key, cohort, new Date(envelope.time)));
      return { kind: 'opened', cohort: decision.cohort };
    });
  }
}
