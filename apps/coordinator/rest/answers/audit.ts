import { z } from 'zod';
import { named } from '../named-schemas.ts';
import { name, count, time, sha256, roundNumber } from './vocabulary.ts';

/** What proves the record: the audit, and the ledger entry by entry. */

export const auditReport = named(
  'AuditReport',
  z.strictObject({
    experiment: name,
    state: z.string(),
    verdict: z.enum(['intact', 'touched']),
    head: z.strictObject({ entry: count, head: z.string() }),
    signedBy: z.array(z.string()).describe('Ed25519 keys, base64url'),
    rounds: z.array(
      z.strictObject({
        round: roundNumber,
        stage: z.string(),
        timedOut: z.boolean(),
        missing: z.array(z.string()),
        crossings: count,
        lost: count,
        contributions: count,
        refused: count,
        aggregate: z.enum(['same digest', 'nothing to aggregate', 'not closed', 'blobs pruned', 'differs']),
        findings: count,
      }),
    ),
    findings: z
      .array(
        z.strictObject({
          code: z.string().describe('stable, for programs: `ledger.hash`, `row.changed`, `blob.corrupt` …'),
          place: z.string(),
          message: z.string(),
          entry: count.optional(),
          round: count.optional(),
        }),
      )
      .describe('the first offending row first'),
    notReplayed: z.array(z.string()),
    witnesses: z.array(z.strictObject({ site: name, heads: count })),
    checked: z.strictObject({
      entries: count,
      rows: count,
      signatures: count,
      crossings: count,
      aggregates: count,
    }),
  }),
);

/** The data of each server-sent event. */
export const ledgerEvent = named(
  'LedgerEvent',
  z.strictObject({
    experiment: name,
    entry: z.int().min(1),
    kind: z.string().describe('a table whose row it covers, or the fact that it stands for: `round.committed`'),
    covers: z.record(z.string(), z.unknown()).describe('the row by its columns, or the fact'),
    hash: sha256,
    recordedAt: time,
  }),
);
