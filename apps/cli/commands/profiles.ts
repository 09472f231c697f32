import { explainIssues, profileChange, type ProfileChange } from '#contracts';
import type { ClientProfile } from '#storage';
import { CliError } from '../cli-error.ts';
import { readProfiles } from '../history/experiment-history.ts';
import type { Console } from '../progress/console.ts';
import { plainTable } from '../progress/plain-table.ts';
import type { ProfileOptions } from '../program/profiles.ts';
import type { Json } from '../../coordinator/rest/as-json.ts';
import { CoordinatorClient, type CoordinatorAddress } from '../remote/coordinator-client.ts';
import type { Settings } from '../settings.ts';

/** `airtune profile show`: every version of every client's profile, with the round from which it holds. */
export async function showProfiles(
  experiment: string,
  options: { readonly json: boolean },
  settings: Settings,
  coordinator: CoordinatorAddress | undefined,
  console: Console,
): Promise<void> {
  const profiles = await readProfiles(experiment, settings, coordinator);
  if (options.json) for (const profile of profiles) console.stdout.write(`${JSON.stringify(profile)}\n`);
  else console.stdout.write(`${describe(profiles)}\n`);
}

/** `airtune profile set`: how a client of a running experiment tunes from the next round on. */
export async function setProfile(
  experiment: string,
  client: string,
  options: ProfileOptions,
  address: CoordinatorAddress,
  console: Console,
): Promise<void> {
  const changed = await new CoordinatorClient(address).changeProfile(experiment, client, changeOf(options));
  if (options.json) console.stdout.write(`${JSON.stringify(changed)}\n`);
  else
    console.stdout.write(
      `${describe([changed])}\n${client} tunes so from round ${changed.effectiveFromRound} of ${experiment} on\n`,
    );
}

/** Throws `profile.invalid` that names the option. */
function changeOf({ loraRank, loraAlpha, loraBlocks, reward, deviceClass }: ProfileOptions): ProfileChange {
  const lora = { rank: loraRank, alpha: loraAlpha, blocks: loraBlocks };
  const written = {
    ...(Object.values(lora).every((value) => value === undefined) ? {} : { lora }),
    ...(reward.length === 0 ? {} : { rewards: Object.fromEntries(reward) }),
    ...(deviceClass === undefined ? {} : { deviceClass }),
  };
  if (Object.keys(written).length === 0)
    throw new CliError(
      'profile.invalid',
      'say what is to change: --lora-rank, --lora-alpha, --lora-blocks, --reward NAME=WEIGHT or --device-class',
    );
  const parsed = profileChange.safeParse(written);
  if (parsed.success) return parsed.data;
  throw new CliError('profile.invalid', explainIssues(parsed.error).join('\n'));
}

function describe(profiles: readonly Json<ClientProfile>[]): string {
  const weights = (profile: Json<ClientProfile>): string =>
    Object.entries(profile.rewardWeights ?? {})
      .map(([reward, weight]) => `${reward} ${weight}`)
      .join(', ');
  const rows = profiles.map((profile) => [
    profile.client,
    String(profile.version),
    String(profile.effectiveFromRound),
    String(profile.loraRank),
    String(profile.loraAlpha),
    profile.loraBlocks,
    profile.deviceClass,
    weights(profile),
  ]);
  const head = ['client', 'version', 'from round', 'LoRA rank', 'alpha', 'blocks', 'device class', 'rewards'];
  return plainTable(head, rows);
}
