import { readExperiments } from '../history/experiment-history.ts';
import type { Console } from '../progress/console.ts';
import { plainTable } from '../progress/describe-run.ts';
import { percent } from '../progress/figures.ts';
import type { CoordinatorAddress } from '../remote/coordinator-client.ts';
import type { Settings } from '../settings.ts';

/** Prints the experiments of the record, latest first. */
export async function list(
  options: { readonly json: boolean },
  settings: Settings,
  coordinator: CoordinatorAddress | undefined,
  console: Console,
): Promise<void> {
  const lines = await readExperiments(settings, coordinator);
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
}
