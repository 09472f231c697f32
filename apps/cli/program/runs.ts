import type { Command } from 'commander';
import {
  collect,
  coordinatorOption,
  examples,
  wholeNumber,
  type OutputOptions,
  type ServiceOption,
} from './options.ts';

export interface RunOptions extends ServiceOption {
  readonly json: boolean;
  readonly seed?: number;
  readonly rounds?: number;
  /** Site files: with them the run is a federation of these sites instead of one site. */
  readonly site: readonly string[];
}

export interface RunCommands {
  run(spec: string, options: RunOptions): Promise<void>;
  resume(experiment: string | undefined, options: OutputOptions): Promise<void>;
  follow(experiment: string, options: OutputOptions): Promise<void>;
  cancel(experiment: string, options: ServiceOption): Promise<void>;
}

/** The commands that begin, go on with, watch and end an experiment. */
export function addRuns(program: Command, commands: RunCommands): void {
  program
    .command('run')
    .description('run an experiment, in one process unless a coordinator is named')
    .argument('<spec>', 'the experiment, a YAML file')
    .addOption(coordinatorOption())
    .option('--seed <number>', 'instead of the seed in the spec', wholeNumber)
    .option('--rounds <number>', 'instead of the rounds in the spec', wholeNumber)
    .option('--site <file>', 'a site with clients and data of its own; again for each site', collect, [])
    .option('--json', 'one JSON object a line on standard output, nothing else', false)
    .addHelpText(
      'after',
      examples(
        'airtune run examples/pftt.yaml',
        'airtune run examples/pftt.yaml --seed 8 --json',
        'airtune run examples/two-sites/spec.yaml --site examples/two-sites/north.yaml --site examples/two-sites/south.yaml',
      ),
    )
    .action((spec: string, options: RunOptions) => commands.run(spec, options));
  program
    .command('resume')
    .description('go on with an experiment that was interrupted, from where it was cut')
    .argument('[experiment]', 'its name as `airtune list` shows it; default: the latest that is not finished')
    .addOption(coordinatorOption())
    .option('--json', 'one JSON object a line on standard output, nothing else', false)
    .addHelpText('after', examples('airtune resume', 'airtune resume pftt-3f9a1c'))
    .action((experiment: string | undefined, options: OutputOptions) => commands.resume(experiment, options));
  program
    .command('follow')
    .description('watch an experiment at running services, from its beginning to its end')
    .argument('<experiment>', 'its name as `airtune list` shows it')
    .addOption(coordinatorOption())
    .option('--json', 'one JSON object a line on standard output, nothing else', false)
    .addHelpText('after', examples('airtune follow pftt-3f9a1c --coordinator http://127.0.0.1:4000'))
    .action((experiment: string, options: OutputOptions) => commands.follow(experiment, options));
  program
    .command('cancel')
    .description('end an experiment at running services before its last round')
    .argument('<experiment>', 'its name as `airtune list` shows it')
    .addOption(coordinatorOption())
    .addHelpText('after', examples('airtune cancel pftt-3f9a1c --coordinator http://127.0.0.1:4000'))
    .action((experiment: string, options: ServiceOption) => commands.cancel(experiment, options));
}
