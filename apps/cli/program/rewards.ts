import { InvalidArgumentError, type Command } from 'commander';
import { coordinatorOption, examples, type OutputOptions, type ServiceOption } from './options.ts';

export interface CheckArguments {
  readonly url?: string;
  readonly command?: string;
  readonly timeout: number;
  readonly json: boolean;
}

/** What `airtune reward …` does. */
export interface RewardCommands {
  train(spec: string, options: { readonly json: boolean }): Promise<void>;
  serve(path: string, options: { readonly host?: string; readonly port?: number }): Promise<void>;
  check(name: string, options: CheckArguments): Promise<void>;
  list(options: OutputOptions): Promise<void>;
  register(path: string, options: ServiceOption): Promise<void>;
  retire(name: string, options: ServiceOption): Promise<void>;
}

/** The commands about reward models. */
export function addRewards(program: Command, commands: RewardCommands): void {
  const reward = program.command('reward').description('reward models: train, serve, check and register them');
  reward
    .command('train')
    .description('train a reward model from ranked pairs; goes on where an earlier run stopped')
    .argument('<spec>', 'model to start from, pairs and training, a YAML file')
    .option('--json', 'one JSON object a line on standard output, nothing else', false)
    .addHelpText('after', examples('airtune reward train examples/reward-helpfulness.yaml'))
    .action((spec: string, options: { json: boolean }) => commands.train(spec, options));
  reward
    .command('serve')
    .description("start a reward model's service: HTTP, and Kafka where AIRTUNE_KAFKA_BROKERS names brokers")
    .argument('<path>', 'a folder with reward.json, or a TypeScript or JavaScript module that exports a reward model')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--port <number>', 'port to listen on, 0 for a free one (default: 7810)', port)
    .addHelpText(
      'after',
      examples(
        'airtune reward serve models/reward-safety',
        'airtune reward serve examples/reward-models/brevity.ts --port 0',
      ),
    )
    .action((path: string, options: { host?: string; port?: number }) => commands.serve(path, options));
  reward
    .command('check')
    .description('send a battery to a running reward model and say what conforms; exit code 1 if anything does not')
    .argument('<name>', 'the name by which the model calls itself')
    .option(
      '--url <url>',
      'where it answers POST /score (default: over Kafka where AIRTUNE_KAFKA_BROKERS is set, else http://127.0.0.1:7810)',
    )
    .option('--command <command>', 'start it by this shell command, restart it on the way, and end it afterwards')
    .option('--timeout <ms>', 'how long an answer may take', milliseconds, 30_000)
    .option('--json', 'one JSON object a line on standard output, nothing else', false)
    .addHelpText(
      'after',
      examples(
        'airtune reward check reward-safety',
        'airtune reward check brevity --command "npx airtune reward serve examples/reward-models/brevity.ts"',
      ),
    )
    .action((name: string, options: CheckArguments) => commands.check(name, options));
  reward
    .command('list')
    .description('list the reward models that the record knows: those that announced themselves, and those registered')
    .option('--json', 'one JSON object a line', false)
    .addOption(coordinatorOption())
    .addHelpText('after', examples('airtune reward list'))
    .action((options: OutputOptions) => commands.list(options));
  reward
    .command('register')
    .description('let specs name a reward model: runs in one process start it as a service when they need it')
    .argument(
      '<path>',
      'a folder with reward.json, or a module, whose name is the one that it gives itself; or the name of one that was retired',
    )
    .addOption(coordinatorOption())
    .addHelpText('after', examples('airtune reward register models/reward-safety'))
    .action((path: string, options: ServiceOption) => commands.register(path, options));
  reward
    .command('retire')
    .description('let no new experiment name a reward model; those under way keep it')
    .argument('<name>', 'as `airtune reward list` shows it')
    .addOption(coordinatorOption())
    .addHelpText('after', examples('airtune reward retire reward-safety'))
    .action((name: string, options: ServiceOption) => commands.retire(name, options));
}

function port(text: string): number {
  return within(text, 0, 65_535);
}

function milliseconds(text: string): number {
  return within(text, 1, 3_600_000);
}

function within(text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
}
