import { CliError } from '../cli-error.ts';
import type { ServiceOption } from '../program/options.ts';
import type { CoordinatorAddress } from '../remote/coordinator-client.ts';
import type { Settings } from '../settings.ts';

/** The services that a command is for, if it is for any: the option goes before the environment. */
export function addressOf({ coordinator }: ServiceOption, settings: Settings): CoordinatorAddress | undefined {
  const url = coordinator ?? settings.coordinator;
  if (url === undefined) return undefined;
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new CliError('settings.invalid', `--coordinator: "${url}" is not a URL such as http://127.0.0.1:4000`);
  return { url, token: settings.token };
}
