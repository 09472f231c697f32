import { changedProfile, profileChanged, type ProfileChange } from '#contracts';
import { canonicalJson } from '#ledger';
import { type ClientProfile, findClient, latestProfile, listChangedProfiles, listClients, type Row } from '#storage';
import { Injectable } from '@nestjs/common';
import { checkProfileChange } from './check-profile-change.ts';
import { CoordinatorError } from './coordinator-error.ts';
import { profileColumns, profileFact, profileOf } from './profile-row.ts';
import type { Turn } from './turn.ts';
import { Turns } from './turns.ts';

/**
 * A client tunes otherwise from the next round on: one more version of its profile, its entry in the ledger, and the fact for
 * its site are one transaction. The round that is planned or open goes on as it began.
 */
@Injectable()
export class ChangeProfile {
  readonly #turns: Turns;

  constructor(turns: Turns) {
    this.#turns = turns;
  }

  /**
   * Answers the profile that the client then has; a change that changes nothing adds nothing. Throws
   * `storage.experiment-unknown`, `profile.client-unknown`, `profile.not-enrolled`, `profile.invalid`, `profile.too-late`,
   * or `experiment.ended`.
   */
  async change(experiment: string, client: string, change: ProfileChange): Promise<Row<ClientProfile>> {
    return this.#turns.take(experiment, async (turn) => {
      const { spec, base, clients } = turn.submission;
      if (!clients.has(client))
        throw new CoordinatorError('profile.client-unknown', `${experiment} has no client ${client}.`);
      checkProfileChange(spec, client, change, base.config);
      const fromRound = nextRoundOf(turn);
      const before = await latestProfile(turn.db, experiment, client);
      const enrolled = await findClient(turn.db, experiment, client);
      if (before === undefined || enrolled === undefined)
        throw new CoordinatorError('profile.not-enrolled', `${client} has not enrolled yet: try again when it has.`);
      const [known, wanted] = [profileOf(spec, before), changedProfile(profileOf(spec, before), change)];
      if (canonicalJson(known) === canonicalJson(wanted)) return before;
      const row: Row<ClientProfile> = {
        experimentId: experiment,
        client,
        version: before.version + 1,
        effectiveFromRound: fromRound,
        ...profileColumns(wanted),
        recordedAt: turn.at,
      };
      turn.record({ table: 'client_profile', row });
      await turn.settle();
      turn.state(profileChanged, profileFact(spec, row, enrolled.site));
      return row;
    });
  }
}

/** The first round that nothing has been said about yet. */
function nextRoundOf(turn: Turn): number {
  const { id, spec } = turn.submission;
  const { state } = turn.progress;
  if (state !== 'enrolling' && state !== 'running')
    throw new CoordinatorError('experiment.ended', `${id} has ${state}; only what goes on can be changed.`);
  const next = (turn.current?.machine.plan.number ?? 0) + 1;
  if (next <= spec.rounds) return next;
  throw new CoordinatorError(
    'profile.too-late',
    `${id} is in the last of its ${spec.rounds} rounds: there is none to come that a change would be in force for.`,
  );
}

/** States every change again: who resumes may ask a site that never heard of it. */
export async function restateProfiles(turn: Turn): Promise<void> {
  const { id, spec } = turn.submission;
  const changed = await listChangedProfiles(turn.db, id);
  if (changed.length === 0) return;
  const sites = new Map((await listClients(turn.db, id)).map(({ name, site }) => [name, site]));
  for (const row of changed) {
    const site = sites.get(row.client);
    if (site !== undefined) turn.state(profileChanged, profileFact(spec, row, site));
  }
}
