import type { DataOf, scoresRecorded } from '#contracts';
import type { Delivery } from '#events';
import { recordHistory, type Row, type Score } from '#storage';
import { Injectable } from '@nestjs/common';
import { AdvanceRound } from './advance-round.ts';
import { isKnown } from './current-round.ts';

/** scores.recorded → a row for each completion, under one entry of the ledger. The same again changes nothing. */
@Injectable()
export class RecordScores {
  readonly #advance: AdvanceRound;

  constructor(advance: AdvanceRound) {
    this.#advance = advance;
  }

  async handle({ envelope, data }: Delivery<DataOf<typeof scoresRecorded>>): Promise<void> {
    const { request, round, iteration, client, site, model, reward, firstPlace, version, digest, scores } = data;
    await this.#advance.take(envelope.experiment, async (turn, current) => {
      if (!isKnown(current, data) || current.clients.get(client)?.site !== site) return undefined;
      const rows = scores.map((score, i): Row<Score> => ({
        experimentId: envelope.experiment,
        request,
        reward,
        place: firstPlace + i,
        round,
        iteration,
        client,
        model,
        modelVersion: version,
        modelDigest: digest,
        promptDigest: score.prompt,
        completionDigest: score.completion,
        raw: score.raw,
        standardised: score.standardised,
        refused: score.refused ?? null,
        recordedAt: new Date(envelope.time),
      }));
      const recorded = await recordHistory(
        turn.db,
        rows.map((row) => ({ table: 'score', row })),
      );
      if (recorded.length > 0)
        await turn.note('scores.recorded', { request, reward, scores: recorded.map(({ columns }) => columns) });
      return undefined;
    });
  }
}
