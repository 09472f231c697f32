import { entryFollows, NO_ENTRY, verifyEntry, type LedgerHead } from '#ledger';
import type { Findings } from './audit-report.ts';
import type { History } from './history.ts';

/** Each entry hashes its content and its predecessor, and a key of the record's coordinators signed it. Answers the head. */
export function verifyChain({ id, entries, coordinators }: History, findings: Findings): LedgerHead {
  let before: LedgerHead = NO_ENTRY;
  for (const stored of entries) {
    const { entry, kind, covers, previous, hash, recordedAt, signature, signedBy } = stored;
    const place = `ledger entry=${entry}`;
    const head = { entry, head: hash as LedgerHead['head'] };
    findings.counted.entries += 1;
    if (entry !== before.entry + 1) {
      const gone = `${before.entry + 1}${entry - 1 > before.entry + 1 ? ` to ${entry - 1}` : ''}`;
      findings.add({ code: 'ledger.gap', place, entry, message: `entry ${gone} is not there` });
    } else if (previous !== before.head) {
      findings.add({
        code: 'ledger.chain',
        place,
        entry,
        message: `it does not follow entry ${before.entry}: the chain is broken here`,
      });
    } else if (!entryFollows(before, { experiment: id, kind, covers, recordedAt, entry, previous, hash })) {
      findings.add({
        code: 'ledger.hash',
        place,
        entry,
        message: `its content is not what its hash was made of (${kind})`,
      });
    }
    if (!coordinators.has(signedBy)) {
      findings.add({
        code: 'ledger.signer',
        place,
        entry,
        message: `it was signed by ${signedBy}, which is no coordinator of this record: its row in coordinator was changed or deleted`,
      });
    }
    findings.counted.signatures += 1;
    if (!verifyEntry(signedBy, id, head, signature)) {
      findings.add({ code: 'ledger.signature', place, entry, message: `the signature is not that of ${signedBy}` });
    }
    before = head;
  }
  if (entries.length === 0) {
    findings.add({
      code: 'ledger.empty',
      place: 'ledger',
      message: 'there is no entry: the experiment has no provable history',
    });
  }
  checkFirstSeen(entries, coordinators, findings);
  return before;
}

/** A clock may have been set back while a key was in use; but a key that signed nothing since it was first seen was not seen then. */
function checkFirstSeen(entries: History['entries'], coordinators: History['coordinators'], findings: Findings): void {
  const last = new Map<string, { readonly entry: number; readonly at: Date }>();
  for (const { entry, signedBy, recordedAt } of entries) {
    const at = new Date(recordedAt);
    if (at >= (last.get(signedBy)?.at ?? at)) last.set(signedBy, { entry, at });
  }
  for (const [key, { entry, at }] of last) {
    const seen = coordinators.get(key);
    if (seen === undefined || seen <= at) continue;
    findings.add({
      code: 'ledger.signer',
      place: `coordinator public_key=${key}`,
      entry,
      message: `it was first seen at ${seen.toISOString()}, after it had signed entry ${entry}`,
    });
  }
}
