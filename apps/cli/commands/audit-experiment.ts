import { join } from 'node:path';
import { auditExperiment, type AuditReport, type RoundReport, type Witness } from '#audit';
import { BlobStore } from '#storage';
import { sitesIn } from '../../trainer/site-folders.ts';
import { readHeads } from '../../trainer/witnessed-heads.ts';
import { CliError } from '../cli-error.ts';
import { inRecord } from '../history/in-record.ts';
import type { Console } from '../progress/console.ts';
import { plural } from '../progress/figures.ts';
import type { AuditOptions } from '../program/history.ts';
import { CoordinatorClient, type CoordinatorAddress } from '../remote/coordinator-client.ts';
import type { Settings } from '../settings.ts';
import { compareExported, describeExported } from './compare-exported.ts';

/** `airtune audit`: one line a round and a verdict; answers whether everything is intact, and what was exported too. */
export async function audit(
  experiment: string,
  options: AuditOptions,
  settings: Settings,
  coordinator: CoordinatorAddress | undefined,
  console: Console,
): Promise<boolean> {
  const witnesses = (await Promise.all(options.witness.map((home) => witnessesOf(home, experiment)))).flat();
  const report =
    coordinator === undefined
      ? await auditHere(experiment, witnesses, settings)
      : await new CoordinatorClient(coordinator).audit(experiment, witnesses);
  const exported = await compareExported(experiment, options.exported, settings, coordinator);
  const inJson = exported.length === 0 ? report : { ...report, exported };
  const inWords = `${exported.map((one) => `${describeExported(one)}\n`).join('')}${describe(report)}`;
  console.stdout.write(options.json ? `${JSON.stringify(inJson)}\n` : inWords);
  return report.verdict === 'intact' && exported.every(({ is }) => is !== 'unknown');
}

/** From the database and the blobs themselves, whoever runs the coordinator. */
async function auditHere(experiment: string, witnesses: readonly Witness[], settings: Settings): Promise<AuditReport> {
  const blobs = new BlobStore(settings.blobs ?? join(settings.home, 'coordinator', 'blobs'));
  return inRecord(settings, (record) => auditExperiment(experiment, { record, blobs, witnesses }));
}

/** Every site under a work folder that has kept heads of the experiment; throws when none has. */
async function witnessesOf(home: string, experiment: string): Promise<Witness[]> {
  const sites = await sitesIn(home);
  const witnesses = await Promise.all(
    sites.map(async (site) => ({ site, heads: await readHeads(home, site, experiment) })),
  );
  const kept = witnesses.filter(({ heads }) => heads.length > 0);
  if (kept.length > 0) return kept;
  throw new CliError(
    'audit.no-witness',
    `${home} is no site's work folder that has kept heads of ${experiment}: name the AIRTUNE_HOME of a site that took part in a closed round.`,
  );
}

function describe(report: AuditReport): string {
  const { experiment, head, checked, findings, notReplayed, witnesses, verdict } = report;
  const lines = [
    ...report.rounds.map(describeRound),
    ...notReplayed.map((what) => `not replayed: ${what}`),
    ...witnesses.map(({ site, heads }) => `witness ${site}: ${plural(heads, 'head')} of the ledger kept`),
    `ledger: ${plural(checked.entries, 'entry', 'entries')}, head ${head.head}`,
    `signed by ${report.signedBy.join(', ') || 'nobody'}`,
    `checked ${plural(checked.rows, 'row')}, ${plural(checked.signatures, 'signature')}, ${plural(checked.crossings, 'crossing')} from the seed, ` +
      `${plural(checked.aggregates, 'aggregation')} from contributions`,
  ];
  const [first, ...more] = findings;
  if (verdict === 'intact' || first === undefined)
    return `${[...lines, `intact: the history of ${experiment} is what happened`].join('\n')}\n`;
  const told = more.slice(0, 20).map((finding) => `  ${finding.place}: ${finding.message} (${finding.code})`);
  const rest = more.length > told.length ? [`  … and ${more.length - told.length} more; --json has them all`] : [];
  return `${[...lines, `TOUCHED: ${first.place}: ${first.message} (${first.code})`, ...told, ...rest].join('\n')}\n`;
}

function describeRound(round: RoundReport): string {
  const parts = [
    round.timedOut ? `${round.stage} by the wall clock, missing ${round.missing.join(', ') || 'nobody'}` : round.stage,
    `${plural(round.crossings, 'crossing')}, ${round.lost} lost`,
    plural(round.contributions, 'contribution') + (round.refused === 0 ? '' : `, ${round.refused} refused`),
    round.aggregate,
    round.findings === 0 ? 'ok' : plural(round.findings, 'finding'),
  ];
  return `round ${round.round} · ${parts.join(' · ')}`;
}
