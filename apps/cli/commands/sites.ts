import { publicKey, siteName } from '#contracts';
import { addSite, listSites, openSigningKey } from '#storage';
import { SystemClock } from '#events';
import { siteFolder } from '../../trainer/site-folders.ts';
import { CliError } from '../cli-error.ts';
import { inRecord } from '../history/in-record.ts';
import type { Console } from '../progress/console.ts';
import { plainTable } from '../progress/plain-table.ts';
import type { SiteToAdd } from '../program.ts';
import type { Settings } from '../settings.ts';

/** Lets a site in: from now on it may enrol clients, and nobody else under its name. */
export async function letSiteIn({ name, key }: SiteToAdd, settings: Settings, console: Console): Promise<void> {
  check('settings.site-name', siteName.safeParse(name));
  check('settings.site-key', publicKey.safeParse(key));
  const site = { name, publicKey: key, trusted: 'by-operator' as const, addedAt: new SystemClock().now() };
  const found = await inRecord(settings, (record) => record.use((db) => addSite(db, site)));
  if (found.publicKey !== key) {
    throw new CliError(
      'settings.site-known',
      `${name} was let in on ${found.addedAt.toISOString()} under another key, ${found.publicKey}: a key is never replaced. Let the site come under another name.`,
    );
  }
  console.stdout.write(`${name} may enrol clients, signed by ${key}\n`);
}

/** Prints the sites that are let in. */
export async function showSites(
  options: { readonly json: boolean },
  settings: Settings,
  console: Console,
): Promise<void> {
  const sites = await inRecord(settings, (record) => record.use(listSites));
  if (options.json) {
    for (const site of sites) console.stdout.write(`${JSON.stringify(site)}\n`);
  } else if (sites.length === 0) {
    console.stdout.write('no site has been let in; `airtune site add NAME --key KEY` lets one in\n');
  } else {
    const rows = sites.map((site) => [site.name, site.publicKey, site.trusted, site.addedAt.toISOString()]);
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
