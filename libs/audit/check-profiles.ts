import { firstProfile } from '#contracts';
import { canonicalJson } from '#ledger';
import type { Findings } from './audit-report.ts';
import { COVERED_TABLES, number, placeOf, text, type Columns, type Entry, type History } from './history.ts';

/**
 * Every client began with the profile that the spec gives it, versions follow each other, and none was made to hold for a
 * round that had been opened already.
 */
export function checkProfiles(history: History, findings: Findings): void {
  const versions = new Map<string, number>();
  let opened = 0;
  for (const { kind, covers, entry } of history.entries) {
    if (kind === 'round.opened') opened = number(covers, 'number');
    if (kind !== 'client_profile') continue;
    const client = text(covers, 'client');
    const before = versions.get(client) ?? 0;
    versions.set(client, number(covers, 'version'));
    const problem = judge(history, covers, { before, opened });
    if (problem !== undefined) findings.add({ ...problem, ...whereOf({ covers, entry }) });
  }
}

interface Problem {
  readonly code: string;
  readonly message: string;
}

function judge(
  history: History,
  profile: Columns,
  { before, opened }: { readonly before: number; readonly opened: number },
): Problem | undefined {
  const [version, from] = [number(profile, 'version'), number(profile, 'effective_from_round')];
  if (version !== before + 1)
    return { code: 'profile.version', message: `version ${version} comes after version ${before}` };
  if (version === 1) return judgeFirst(history, profile);
  if (from > opened) return undefined;
  return { code: 'profile.late', message: `it holds from round ${from}, which had been opened when it was recorded` };
}

function judgeFirst({ spec, rows }: History, profile: Columns): Problem | undefined {
  const client = text(profile, 'client');
  const enrolled = rows.client.find((row) => text(row, 'name') === client) ?? {};
  const { deviceClass, lora, rewards } = firstProfile(spec, client, text(enrolled, 'device_class'));
  const weights = profile['reward_weights'] ?? null;
  const recorded = {
    deviceClass: text(profile, 'device_class'),
    lora: [number(profile, 'lora_rank'), number(profile, 'lora_alpha'), text(profile, 'lora_blocks')],
    // Older records do not have them.
    rewards: weights ?? rewards,
  };
  const expected = { deviceClass, lora: [lora.rank, lora.alpha, String(lora.blocks)], rewards };
  if (canonicalJson(recorded) === canonicalJson(expected)) return undefined;
  return {
    code: 'profile.first',
    message: `it is ${canonicalJson(recorded)}, the spec has ${canonicalJson(expected)}`,
  };
}

function whereOf({ covers, entry }: Pick<Entry, 'covers' | 'entry'>): { place: string; entry: number } {
  return { place: placeOf('client_profile', covers, COVERED_TABLES.client_profile), entry };
}
