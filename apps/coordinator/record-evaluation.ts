import type { DataOf, evaluationReported } from '#contracts';
import type { Delivery } from '#events';
import { Injectable } from '@nestjs/common';
import { AdvanceRound } from './advance-round.ts';

/** evaluation.reported → recorded. A round waits for the evaluation of what the round before it made. */
@Injectable()
export class RecordEvaluation {
  readonly #advance: AdvanceRound;

  constructor(advance: AdvanceRound) {
    this.#advance = advance;
  }

  async handle({ envelope, data }: Delivery<DataOf<typeof evaluationReported>>): Promise<void> {
    const { client, arm, afterRound, personal, general, reward, unmeasured, tuning, untuned } = data;
    const { sharedDigest, personalDigest } = data;
    await this.#advance.take(envelope.experiment, (turn, current) => {
      if (!current.clients.has(client) || afterRound >= current.machine.plan.number) return undefined;
      const row = {
        experimentId: envelope.experiment,
        client,
        afterRound,
        arm,
        sharedDigest,
        personalDigest,
        personalCorrect: personal?.correct ?? null,
        personalExamples: personal?.examples ?? null,
        personalAccuracy: personal?.accuracy ?? null,
        personalLossNats: personal?.loss ?? null,
        generalCorrect: general?.correct ?? null,
        generalExamples: general?.examples ?? null,
        generalAccuracy: general?.accuracy ?? null,
        generalLossNats: general?.loss ?? null,
        reward: reward ?? null,
        unmeasuredReason: unmeasured ?? null,
        tuning: tuning ?? null,
        untunedReason: untuned ?? null,
        recordedAt: new Date(envelope.time),
      };
      turn.record({ table: 'evaluation', row });
      if (afterRound !== current.machine.plan.number - 1) return undefined;
      return { kind: 'evaluated', client, arm };
    });
  }
}
