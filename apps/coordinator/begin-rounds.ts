import type { Digest } from '#parameters';
import { allowRoundMore, beginRoll, listClients } from '#storage';
import { Injectable } from '@nestjs/common';
import { AdvanceRound } from './advance-round.ts';
import { askQuestion } from './ask-question.ts';
import { restateProfiles } from './change-profile.ts';
import { planRound } from './plan-round.ts';
import type { Turn } from './turn.ts';

/** All clients are there → the first round is planned, or the experiment goes on with the round at which it was cut. */
@Injectable()
export class BeginRounds {
  readonly #advance: AdvanceRound;

  constructor(advance: AdvanceRound) {
    this.#advance = advance;
  }

  async begin(turn: Turn): Promise<void> {
    const { id, spec } = turn.submission;
    turn.move({ state: 'running' });
    await beginRoll(turn.db, id);
    // Facts that came in meanwhile were recorded, and moved nothing.
    await turn.reload();
    if (turn.current === undefined) {
      const { globalDigest, globalBytes } = turn.progress;
      const clients = new Map((await listClients(turn.db, id)).map((client) => [client.name, client]));
      planRound(turn, 0, { clients, global: { digest: globalDigest as Digest, bytes: globalBytes } });
    } else {
      const { number } = turn.current.machine.plan;
      await restateProfiles(turn);
      await allowRoundMore(turn.db, { experimentId: id, number }, spec.round.timeoutMs);
      this.#advance.decided(turn, turn.current, turn.current.pending);
    }
    await askQuestion(turn);
  }
}
