import { experimentFinished, roundAbandoned, roundCommitted } from '#contracts';
import { shares, type Decision } from '#federation';
import { BlobStore, closeRound } from '#storage';
import { Injectable } from '@nestjs/common';
import { aggregateContributions } from './aggregate-contributions.ts';
import { askQuestion } from './ask-question.ts';
import type { CurrentRound } from './current-round.ts';
import { planRound } from './plan-round.ts';
import { PruneBlobs } from './prune-blobs.ts';
import { SparseChannels } from './sparse-channels.ts';
import type { Turn } from './turn.ts';

type Ending<Kind extends Decision['kind']> = Extract<Decision, { kind: Kind }>;

/** Ends a round: its outcome, the new global model and the plan of the next round are one transaction. */
@Injectable()
export class CloseRound {
  readonly #blobs: BlobStore;
  readonly #pruneBlobs: PruneBlobs;
  readonly #channels: SparseChannels;

  constructor(blobs: BlobStore, pruneBlobs: PruneBlobs, channels: SparseChannels) {
    this.#channels = channels;
    this.#blobs = blobs;
    this.#pruneBlobs = pruneBlobs;
  }

  async close(turn: Turn, current: CurrentRound, decision: Decision, timedOut: boolean): Promise<void> {
    if (decision.kind === 'commit') await this.#commit(turn, current, decision, timedOut);
    if (decision.kind === 'abandon') await this.#abandon(turn, current, decision, timedOut);
    if (decision.kind === 'conclude') await this.#conclude(turn, current, decision, timedOut);
    turn.afterwards(() => {
      this.#pruneBlobs.after(turn.submission, current.machine.plan.number);
    });
  }

  /** Averages the contributions into the new global model. */
  async #commit(
    turn: Turn,
    current: CurrentRound,
    { contributors, missing }: Ending<'commit'>,
    timedOut: boolean,
  ): Promise<void> {
    const { global, uploads } = await aggregateContributions(
      turn,
      { blobs: this.#blobs, channels: this.#channels },
      current,
      contributors,
    );
    const weights = shares(uploads);
    const contributions = uploads.map(({ client, digest }, index) => ({ client, digest, weight: weights[index] ?? 0 }));
    const round = await end(turn, current, { stage: 'committed', global, missing, timedOut });
    const ledger = await turn.note('round.committed', { ...round, contributions });
    turn.state(roundCommitted, { round: current.machine.plan.number, global, contributions, ledger });
    await goOn(turn, { ...current, global });
  }

  /** Leaves the global model alone. */
  async #abandon(
    turn: Turn,
    current: CurrentRound,
    { reason, missing }: Ending<'abandon'>,
    timedOut: boolean,
  ): Promise<void> {
    const { global, machine } = current;
    const round = await end(turn, current, { stage: 'abandoned', global, missing, timedOut, reason });
    const ledger = await turn.note('round.abandoned', round);
    turn.state(roundAbandoned, { round: machine.plan.number, global, reason, missing: [...missing], ledger });
    await goOn(turn, current);
  }

  /** Ends the last download, and with it the experiment. */
  async #conclude(
    turn: Turn,
    current: CurrentRound,
    { missing }: Ending<'conclude'>,
    timedOut: boolean,
  ): Promise<void> {
    const { global } = current;
    await turn.note('round.evaluated', await end(turn, current, { stage: 'evaluated', global, missing, timedOut }));
    await goOn(turn, current);
  }
}

interface Outcome {
  readonly stage: 'committed' | 'abandoned' | 'evaluated';
  readonly global: CurrentRound['global'];
  readonly missing: readonly string[];
  readonly timedOut: boolean;
  readonly reason?: string;
}

/** Answers the round's row as it now is, for the ledger. */
async function end(turn: Turn, { machine }: CurrentRound, outcome: Outcome) {
  const { stage, global, missing, timedOut, reason } = outcome;
  const key = { experimentId: turn.submission.id, number: machine.plan.number };
  const row = await closeRound(turn.db, key, {
    stage,
    timedOut,
    missingClients: missing,
    abandonReason: reason ?? null,
    globalAfterDigest: global.digest,
    globalAfterBytes: global.bytes,
    closedAt: turn.at,
  });
  if (row === undefined) throw new Error(`Round ${key.number} of ${key.experimentId} was closed by somebody else.`);
  return row;
}

/** Plans the next round and asks for it, or finishes the experiment. */
async function goOn(turn: Turn, { machine, global, clients }: CurrentRound): Promise<void> {
  turn.move({ globalDigest: global.digest, globalBytes: global.bytes });
  if (planRound(turn, machine.plan.number, { global, clients })) {
    await askQuestion(turn);
    return;
  }
  const { rounds } = turn.submission.spec;
  turn.move({ state: 'finished', endedAt: turn.at });
  const ledger = await turn.note('experiment.finished', {
    global_digest: global.digest,
    global_bytes: global.bytes,
    ended_at: turn.at.toISOString(),
  });
  turn.state(experimentFinished, { rounds, globalDigest: global.digest, ledger });
}
