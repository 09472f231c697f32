import { publicKey, siteName } from '#contracts';
import { listSites, openSigningKey } from '#storage';
import { SystemClock } from '#events';
import { KnownSites } from '../../coordinator/known-sites.ts';
import { siteFolder } from '../../trainer/site-folders.ts';
import { CliError } from '../cli-error.ts';
import { asWritten, inRecord } from '../history/in-record.ts';
import type { Console } from '../progress/console.ts';
import { plainTable } from '../progress/plain-table.ts';
import type { SiteToAdd } from '../program/sites.ts';
import { CoordinatorClient, type CoordinatorAddress } from '../remote/coordinator-client.ts';
import type { Settings } from '../settings.ts';

/** Lets a site in: from now on it may enrol clients, and nobody else under its name. */
export async function letSiteIn(
  { name, key }: SiteToAdd,
  settings: Settings,
  coordinator: CoordinatorAddress | undefined,
  console: Console,
): Promise<void> {
  check('settings.site-name', siteName.safeParse(name));
  check('settings.site-key', publicKey.safeParse(key));
  if (coordinator === undefined)
    await inRecord(settings, (record) => new KnownSites(record, new SystemClock()).letIn(name, key));
  else await new CoordinatorClient(coordinator).letSiteIn(name, key);
  console.stdout.write(`${name} may enrol clients, signed by ${key}\n`);
}

/** Prints the sites that are let in. */
export async function showSites(
  options: { readonly json: boolean },
  settings: Settings,
  coordinator: CoordinatorAddress | undefined,
  console: Console,
): Promise<void> {
  const sites =
    coordinator === undefined
      ? asWritten(await inRecord(settings, (record) => record.use(listSites)))
      : await new CoordinatorClient(coordinator).sites();
  if (options.json) {
    for (const site of sites) console.stdout.write(`${JSON.stringify(site)}\n`);
  } else if (sites.length === 0) {
    console.stdout.write('no site has been let in; `airtune site add NAME --key KEY` lets one in\n');
  } else {
    const rows = sites.map((site) => [site.name, site.publicKey, site.trusted, site.addedAt]);
    console.stdout.write(`${plainTable(['site', 'public key', 'trusted', 'since'], rows)}\n`);
  }
}

/** Prints the public key of a site of this work folder, for whoever is to let it in. */
export async function showSiteKey(site: string, settings: Settings, console: Console): Promise<void> {
  check('settings.site-name', siteName.safeParse(site));
  const signer = await openSigningKey(siteFolder(settings.home, site));
  console.stdout.write(`${signer.publicKey}\n`);
}

function check(code: string, parsed: { error?: { issues: { message: string }[] } | undefined }): void {
  if (parsed.error !== undefined)
    throw new CliError(code, parsed.error.issues.map(({ message }) => message).join('; '));
}
