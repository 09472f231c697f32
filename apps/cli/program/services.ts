import type { Command } from 'commander';
import type { UpOptions } from '../up/start-services.ts';
import { coordinatorOption, examples, wholeNumber, type OutputOptions, type ServiceOption } from './options.ts';

export interface ServiceCommands {
  up(options: UpOptions & { readonly json: boolean }): Promise<void>;
  status(options: { readonly json: boolean }): Promise<void>;
  down(): Promise<void>;
  listDeadLetters(options: OutputOptions & { readonly all: boolean }): Promise<void>;
  retryDeadLetters(ids: readonly number[], options: ServiceOption): Promise<void>;
}

/** The commands about services on this machine, and about what they could not handle. */
export function addServices(program: Command, commands: ServiceCommands): void {
  program
    .command('up')
    .description('start all services on this machine, a process each, with Kafka and PostgreSQL; Ctrl-C stops them')
    .option('--sites <number>', 'trainer sites', wholeNumber, 2)
    .option('--port <number>', "the coordinator's; 0 for one that is free", wholeNumber, 4000)
    .option('--json', 'one JSON object on standard output once all are ready', false)
    .addHelpText('after', examples('airtune up', 'AIRTUNE_KAFKA_BROKERS=kafka:9092 airtune up --sites 3'))
    .action((options: UpOptions & { json: boolean }) => commands.up(options));
  program
    .command('status')
    .description('show what `airtune up` runs in this work folder; exit code 1 when something is not ready')
    .option('--json', 'one JSON object', false)
    .addHelpText('after', examples('airtune status'))
    .action((options: { json: boolean }) => commands.status(options));
  program
    .command('down')
    .description('stop what `airtune up` runs in this work folder, from another terminal')
    .addHelpText('after', examples('airtune down'))
    .action(() => commands.down());
  const deadLetters = program.command('dead-letters').description('messages that no service could handle');
  deadLetters
    .command('list')
    .description('list them, latest first, each with its reason')
    .option('--all', 'those that were sent again, too', false)
    .addOption(coordinatorOption())
    .option('--json', 'one JSON object a line', false)
    .addHelpText('after', examples('airtune dead-letters list --coordinator http://127.0.0.1:4000'))
    .action((options: OutputOptions & { all: boolean }) => commands.listDeadLetters(options));
  deadLetters
    .command('retry')
    .description('send some again, to where they came from')
    .argument('<id...>', 'as `airtune dead-letters list` shows them')
    .addOption(coordinatorOption())
    .addHelpText('after', examples('airtune dead-letters retry 17 --coordinator http://127.0.0.1:4000'))
    .action((ids: string[], options: ServiceOption) => commands.retryDeadLetters(ids.map(wholeNumber), options));
}
