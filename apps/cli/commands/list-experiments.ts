import { holderOf } from '#storage';
import { readExperiments } from '../history/experiment-history.ts';
import type { Console } from '../progress/console.ts';
import { plainTable } from '../progress/plain-table.ts';
import { percent } from '../progress/figures.ts';
import type { CoordinatorAddress } from '../remote/coordinator-client.ts';
import type { Settings } from '../settings.ts';

const UNDER_WAY: readonly string[] = ['enrolling', 'running'];
const INTERRUPTED = 'interrupted';

/** Prints the experiments of the record, latest first; those that nobody runs any more as interrupted. */
export async function list(
  options: { readonly json: boolean },
  settings: Settings,
  coordinator: CoordinatorAddress | undefined,
  console: Console,
): Promise<void> {
  const isOwn = coordinator === undefined && settings.databaseUrl === undefined;
  const isLeft = isOwn && (await holderOf(settings.home)) === undefined;
  const lines = (await readExperiments(settings, coordinator)).map((line) =>
    isLeft && UNDER_WAY.includes(line.state) ? { ...line, state: INTERRUPTED } : line,
  );
  if (options.json) {
    for (const line of lines) console.stdout.write(`${JSON.stringify(line)}\n`);
    return;
  }
  if (lines.length === 0) {
    console.stdout.write('no experiments yet; `airtune run SPEC` starts one\n');
    return;
  }
  const rows = lines.map((line) => [
    line.experiment,
    line.method,
    line.state,
    `${line.roundsClosed}/${line.rounds}`,
    String(line.clients),
    line.personalAccuracy === null ? '' : percent(line.personalAccuracy),
    line.submittedAt.replace(/\.\d+Z$/, 'Z'),
  ]);
  const head = ['experiment', 'method', 'state', 'rounds', 'clients', 'personal accuracy', 'submitted'];
  console.stdout.write(`${plainTable(head, rows)}\n`);
  if (lines.some(({ state }) => state === INTERRUPTED))
    console.stdout.write('\ninterrupted: the process that ran it is gone; `airtune resume EXPERIMENT` goes on\n');
}
