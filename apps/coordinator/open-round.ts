import type { DataOf, linksMeasured } from '#contracts';
import type { Delivery } from '#events';
import { type CohortMember, openPlannedRound, recordHistory, type Row } from '#storage';
import { Injectable } from '@nestjs/common';
import { AdvanceRound } from './advance-round.ts';
import { askQuestion } from './ask-question.ts';
import { rewardsLeftOut } from './await-rewards.ts';
import { SparseChannels, type AnnouncedChannels } from './sparse-channels.ts';
import type { Turn } from './turn.ts';
import { Turns } from './turns.ts';

type Measured = Delivery<DataOf<typeof linksMeasured>>;

/** links.measured → the round is opened for its cohort. */
@Injectable()
export class OpenRound {
  readonly #turns: Turns;
  readonly #advance: AdvanceRound;
  readonly #channels: SparseChannels;

  constructor(turns: Turns, advance: AdvanceRound, channels: SparseChannels) {
    this.#turns = turns;
    this.#advance = advance;
    this.#channels = channels;
  }

  async handle({ envelope, data }: Measured): Promise<void> {
    await this.#turns.take(envelope.experiment, async (turn) => {
      const { current } = turn;
      if (current === undefined || !turn.isRunning || data.round !== current.machine.plan.number) return;
      if (current.machine.stage !== 'planned') return;
      // Reward models are waited for; when they are there, or not to be waited for any longer, the channel is asked again.
      const leftOut = await rewardsLeftOut(turn, data.round);
      if (leftOut === undefined) return;
      const decision = current.machine.apply({ kind: 'links-measured', links: data.links });
      if (decision.kind !== 'open') return;
      const channels = await this.#channels.choose(turn.db, turn.submission, data.round, data.links);
      await open(turn, data, decision.cohort, { channels, leftOut });
      const next = current.machine.apply({ kind: 'opened', cohort: decision.cohort });
      if (next.kind === 'wait') await askQuestion(turn);
      else this.#advance.decided(turn, current, next);
    });
  }
}

/** The cohort and its links are in the entry of the round that is opened for them. */
async function open(
  turn: Turn,
  { round, links }: Measured['data'],
  cohort: readonly { readonly client: string; readonly site: string }[],
  { channels, leftOut }: { readonly channels: AnnouncedChannels | undefined; readonly leftOut: readonly string[] },
): Promise<void> {
  const { id: experimentId, spec } = turn.submission;
  const linkOf = new Map(links.map((link) => [link.client, link]));
  const members = cohort.flatMap(({ client, site }): Row<CohortMember>[] => {
    const link = linkOf.get(client);
    if (link === undefined) return [];
    const { meanSnrDb, ergodicBitsPerSecondPerHz } = link;
    return [
      {
        experimentId,
        round,
        client,
        site,
        meanSnrUplinkDb: meanSnrDb.uplink,
        meanSnrDownlinkDb: meanSnrDb.downlink,
        ergodicUplinkBitsPerSecondPerHz: ergodicBitsPerSecondPerHz.uplink,
        ergodicDownlinkBitsPerSecondPerHz: ergodicBitsPerSecondPerHz.downlink,
        keep: channels?.keeps.get(client) ?? null,
      },
    ];
  });
  const key = { experimentId, number: round };
  const { timeoutMs } = spec.round;
  const [row, recorded] = await Promise.all([
    openPlannedRound(turn.db, key, { openedAt: turn.at, timeoutMs, channelOrder: channels?.order ?? null, leftOut }),
    recordHistory(
      turn.db,
      members.map((member) => ({ table: 'cohort_member', row: member })),
    ),
  ]);
  if (row === undefined) throw new Error(`Round ${round} of ${experimentId} was opened by somebody else.`);
  await turn.note('round.opened', { ...row, cohort: recorded.map(({ columns }) => columns) });
}
