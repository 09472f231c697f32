import { type Command, InvalidArgumentError } from 'commander';
import { coordinatorOption, examples, type OutputOptions } from './options.ts';

export interface ProfileOptions extends OutputOptions {
  readonly loraRank?: number;
  readonly loraAlpha?: number;
  readonly loraBlocks?: number | 'all';
  /** Names and weights. */
  readonly reward: readonly (readonly [string, number])[];
  readonly deviceClass?: string;
}

/** What `airtune profile …` does. */
export interface ProfileCommands {
  show(experiment: string, options: OutputOptions): Promise<void>;
  set(experiment: string, client: string, options: ProfileOptions): Promise<void>;
}

/** The commands about how each client tunes. */
export function addProfiles(program: Command, commands: ProfileCommands): void {
  const profile = program.command('profile').description('how each client tunes: shown, and changed while it runs');
  profile
    .command('show')
    .description('show every version of every client’s profile, with the round from which it holds')
    .argument('<experiment>', 'its name as `airtune list` shows it')
    .addOption(coordinatorOption('at running services'))
    .option('--json', 'one JSON object a line', false)
    .addHelpText('after', examples('airtune profile show pftt-3f9a1c'))
    .action((experiment: string, options: OutputOptions) => commands.show(experiment, options));
  profile
    .command('set')
    .description('change how a client tunes from the next round on, at running services; what is not named stays')
    .argument('<experiment>', 'its name as `airtune list` shows it')
    .argument('<client>', 'whose profile, such as client-0')
    .option('--lora-rank <number>', 'at most as wide as the model', number)
    .option('--lora-alpha <number>', 'what is added is scaled by alpha/rank', number)
    .option('--lora-blocks <number>', 'so many blocks from the top, or all', blocks)
    .option('--reward <name=weight>', 'weight of a reward of the spec; again for each', weight, [])
    .option('--device-class <name>', 'what the record calls its device')
    .addOption(coordinatorOption('at running services'))
    .option('--json', 'one JSON object', false)
    .addHelpText(
      'after',
      examples(
        'airtune profile set pftt-3f9a1c client-2 --lora-rank 4 --lora-blocks 2',
        'airtune profile set pfit-8c20d1 client-0 --reward helpfulness=2 --reward safety=0.5',
      ),
    )
    .action((experiment: string, client: string, options: ProfileOptions) => commands.set(experiment, client, options));
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
}

function blocks(text: string): number | 'all' {
  return text === 'all' ? 'all' : number(text);
}

function weight(text: string, before: ProfileOptions['reward']): ProfileOptions['reward'] {
  const [, name, value] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('It must be name=weight.');
  return [...before, [name, number(value)]];
}
