import type { Findings } from './audit-report.ts';
import type { History } from './history.ts';

/** A head of the ledger as a site saw it when a round was closed. */
export interface WitnessedHead {
  readonly round: number;
  readonly entry: number;
  readonly head: string;
}

/** What one site kept, on its own disk. */
export interface Witness {
  readonly site: string;
  readonly heads: readonly WitnessedHead[];
}

/**
 * Every head that a site kept is an entry of this ledger. One beyond the ledger's end tells that it was cut; another hash
 * under the same number tells that it was rewritten, whoever signed it.
 */
export function compareWitnesses({ entries }: History, witnesses: readonly Witness[], findings: Findings): void {
  const hashes = new Map(entries.map(({ entry, hash }) => [entry, hash]));
  const last = entries.at(-1)?.entry ?? 0;
  for (const { site, heads } of witnesses) {
    for (const { round, entry, head } of heads) {
      const hash = hashes.get(entry);
      if (hash === head) continue;
      const where = { place: `ledger entry=${entry}`, entry, round };
      if (hash === undefined) {
        findings.add({
          code: 'witness.cut',
          ...where,
          message: `${site} saw entry ${entry} (${head}) when round ${round} was closed; the ledger ends at entry ${last}: it was cut`,
        });
        break;
      }
      findings.add({
        code: 'witness.rewritten',
        ...where,
        message: `${site} saw ${head} when round ${round} was closed, the ledger has ${hash}: it was rewritten at or before this entry`,
      });
      break;
    }
  }
}
