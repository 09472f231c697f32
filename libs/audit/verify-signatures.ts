import { contributionStatement, enrolmentStatement, verifyJson } from '#ledger';
import type { Findings } from './audit-report.ts';
import { COVERED_TABLES, number, placeOf, text, type Columns, type History } from './history.ts';

/** Each site signed its enrolments and contributions, and each head that it signed is one of this chain, from before. */
export function verifySignatures(history: History, findings: Findings): void {
  const keys = new Map<string, string>();
  for (const row of history.rows.client) {
    keys.set(text(row, 'name'), text(row, 'public_key'));
    verifyEnrolment(history.id, row, findings);
  }
  const heads = new Map(history.entries.map(({ hash, entry }) => [hash, entry]));
  for (const row of history.rows.contribution) {
    if (text(row, 'verdict') === 'withheld') continue;
    verifyContribution(history.id, row, keys.get(text(row, 'client')) ?? '', findings);
    verifyHead(row, heads, findings);
  }
}

function verifyEnrolment(experiment: string, row: Columns, findings: Findings): void {
  const statement = enrolmentStatement({
    experiment,
    site: text(row, 'site'),
    client: text(row, 'name'),
    publicKey: text(row, 'public_key'),
    baseDigest: text(row, 'base_digest'),
    basePrecision: row['base_precision'] === null ? 'fp32' : text(row, 'base_precision'),
    dataDigest: text(row, 'data_digest'),
    deviceClass: text(row, 'device_class'),
    examples: {
      train: number(row, 'train_examples'),
      personalTest: number(row, 'personal_test_examples'),
      generalTest: number(row, 'general_test_examples'),
    },
    parameters: { shared: number(row, 'shared_parameters'), personal: number(row, 'personal_parameters') },
    labels: row['labels'] as readonly string[],
    labelHistogram: (row['label_histogram'] ?? undefined) as readonly number[] | undefined,
    majorityClass: number(row, 'majority_class_accuracy'),
  });
  findings.counted.signatures += 1;
  if (verifyJson(text(row, 'public_key'), statement, text(row, 'signature'))) return;
  const place = placeOf('client', row, COVERED_TABLES.client);
  findings.add({ code: 'signature.enrolment', place, message: `${text(row, 'site')} did not sign this enrolment` });
}

function verifyContribution(experiment: string, row: Columns, key: string, findings: Findings): void {
  const refusedForIt = text(row, 'reason_code') === 'wrong-signature';
  const head = row['head'] ?? null;
  const statement = contributionStatement({
    experiment,
    round: number(row, 'round'),
    client: text(row, 'client'),
    base: text(row, 'answers'),
    blob: text(row, 'digest'),
    examples: number(row, 'examples'),
    head: typeof head === 'string' ? head : null,
  });
  findings.counted.signatures += 1;
  if (verifyJson(key, statement, text(row, 'signature')) || refusedForIt) return;
  findings.add({
    code: 'signature.contribution',
    place: placeOf('contribution', row, COVERED_TABLES.contribution),
    round: number(row, 'round'),
    message: `the site of ${text(row, 'client')} did not sign this contribution`,
  });
}

/** A site cannot have signed what was written later: its head is an entry before its round was closed. */
function verifyHead(row: Columns, heads: ReadonlyMap<string, number>, findings: Findings): void {
  const head = row['head'];
  if (typeof head !== 'string' || heads.has(head) || text(row, 'verdict') === 'refused') return;
  findings.add({
    code: 'witness.contribution',
    place: placeOf('contribution', row, COVERED_TABLES.contribution),
    round: number(row, 'round'),
    message: `its site had seen the ledger's head ${head}, which this ledger does not have: it was rewritten after round ${number(row, 'round') - 1}`,
  });
}
