import type { Command } from 'commander';
import {
  collect,
  coordinatorOption,
  examples,
  wholeNumber,
  type OutputOptions,
  type ServiceOption,
} from './options.ts';

export interface AuditOptions extends ServiceOption {
  readonly json: boolean;
  /** Work folders of sites, whose kept heads are compared with the ledger. */
  readonly witness: readonly string[];
  /** Folders of exported decoders, held against what was measured. */
  readonly exported: readonly string[];
}

export interface ShowOptions extends OutputOptions {
  readonly completions: boolean;
  readonly client?: string;
  readonly round?: number;
}

export interface HistoryCommands {
  list(options: OutputOptions): Promise<void>;
  show(experiment: string, options: ShowOptions): Promise<void>;
  audit(experiment: string, options: AuditOptions): Promise<void>;
}

/** The commands that read the record. */
export function addHistory(program: Command, commands: HistoryCommands): void {
  program
    .command('list')
    .description('list experiments, latest first')
    .addOption(coordinatorOption())
    .option('--json', 'one JSON object a line', false)
    .addHelpText('after', examples('airtune list'))
    .action((options: OutputOptions) => commands.list(options));
  program
    .command('show')
    .description('show an experiment: rounds, clients, transmissions; or its completions with what they earned')
    .argument('<experiment>', 'its name as `airtune list` shows it')
    .addOption(coordinatorOption())
    .option('--json', 'one JSON object; with --completions one a line', false)
    .option(
      '--completions',
      'what clients wrote and earned: texts from the sites of this work folder, proved by digests',
      false,
    )
    .option('--client <name>', 'with --completions: of this client only')
    .option('--round <number>', 'with --completions: of this round only', wholeNumber)
    .addHelpText(
      'after',
      examples(
        'airtune show pftt-3f9a1c',
        'airtune show pftt-3f9a1c --json | jq .transmissions',
        'airtune show pfit-8b21c4 --completions --client client-0 --round 3',
      ),
    )
    .action((experiment: string, options: ShowOptions) => commands.show(experiment, options));
  program
    .command('audit')
    .description(
      'prove that an experiment’s history is what happened: chain, signatures, rows, radio, aggregates, sums',
    )
    .argument('<experiment>', 'its name as `airtune list` shows it')
    .addOption(coordinatorOption())
    .option('--witness <home>', 'a site’s work folder, whose kept heads are compared; again for each site', collect, [])
    .option('--exported <folder>', 'an exported decoder, held against what was measured; again for each', collect, [])
    .option('--json', 'one JSON object', false)
    .addHelpText('after', examples('airtune audit pftt-3f9a1c', 'airtune audit pftt-3f9a1c --witness /srv/north'))
    .action((experiment: string, options: AuditOptions) => commands.audit(experiment, options));
}
