import { addSite, columnsOf, findSite, hasEntryOf, Site } from '#storage';
import type { Turn } from './turn.ts';

/**
 * Who may speak as a site: `same-process`, whoever does, for nobody else can; `on-first-use`, the first key that comes under a
 * name, and no other from then on; `by-operator`, those that were let in by name and key.
 */
export class SiteTrust {
  readonly newSites: 'same-process' | 'on-first-use' | 'by-operator';

  constructor(newSites: SiteTrust['newSites']) {
    this.newSites = newSites;
  }
}

/** Why a site may not speak under its name. */
export interface Stranger {
  readonly kind: 'refused';
  readonly code: string;
  readonly message: string;
}

/** Whether whoever signs with this key is the site of that name; what it is told if not. */
export async function admitSite(
  turn: Turn,
  { newSites }: SiteTrust,
  { site: name, publicKey }: { readonly site: string; readonly publicKey: string },
): Promise<Stranger | undefined> {
  if (newSites === 'same-process') return undefined;
  let site = await findSite(turn.db, name);
  if (site === undefined && newSites === 'on-first-use') {
    site = await addSite(turn.db, { name, publicKey, trusted: 'on-first-use', addedAt: turn.at });
  }
  if (site === undefined) {
    return {
      kind: 'refused',
      code: 'enrolment.unknown-site',
      message: `Site ${name} is not let in. If it is yours: airtune site add ${name} --key ${publicKey}; it is then asked again.`,
    };
  }
  if (site.publicKey === publicKey) {
    noteOnce(turn, site);
    return undefined;
  }
  return {
    kind: 'refused',
    code: 'enrolment.other-key',
    message: `Site ${name} is known by another key: this one is a stranger's, or its key file was lost. Give back the key file, or let the site come under a new name.`,
  };
}

/** An experiment's ledger says once of each site who it is and how it came to be let in. */
function noteOnce(turn: Turn, site: Site): void {
  turn.lastly(`note that ${site.name} was let in`, async () => {
    if (!(await hasEntryOf(turn.db, turn.submission.id, 'site.admitted', site.name)))
      await turn.note('site.admitted', columnsOf(turn.db, Site, site));
  });
}
