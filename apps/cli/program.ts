import { Command } from 'commander';
import { addGenerate, type GenerateOptions } from './program-generate.ts';
import { coordinatorOption, examples, precisionOption, wholeNumber, type ChosenPrecision } from './program-options.ts';
import { addProfile, type ProfileCommands } from './program-profile.ts';
import { addReward, type RewardCommands } from './program-reward.ts';
import { describeSettings, EXIT } from '#operations';
import { commandVariables } from './settings.ts';
import type { UpOptions } from './up/start-services.ts';

/** Where to: running services, or (undefined) this process. */
export interface ServiceOption {
  readonly coordinator?: string;
}

export interface RunOptions extends ServiceOption {
  readonly json: boolean;
  readonly seed?: number;
  readonly rounds?: number;
  /** Site files: with them the run is a federation of these sites instead of one site. */
  readonly site: readonly string[];
}

export interface AuditOptions extends ServiceOption {
  readonly json: boolean;
  /** Work folders of sites, whose kept heads are compared with the ledger. */
  readonly witness: readonly string[];
  /** Folders of exported decoders, held against what was measured. */
  readonly exported: readonly string[];
}

export interface SiteToAdd extends ServiceOption {
  readonly name: string;
  readonly key: string;
}

export interface ExportOptions extends ServiceOption {
  readonly client: string;
  readonly out: string;
  readonly force: boolean;
  /** Of the base; default is what the client enrolled in. */
  readonly precision?: ChosenPrecision;
}

export interface OutputOptions extends ServiceOption {
  readonly json: boolean;
}

export interface ShowOptions extends OutputOptions {
  readonly completions: boolean;
  readonly client?: string;
  readonly round?: number;
}

/** What each command does, so that the command line can be read and tested without doing it. */
export interface Commands {
  run(spec: string, options: RunOptions): Promise<void>;
  resume(experiment: string | undefined, options: OutputOptions): Promise<void>;
  follow(experiment: string, options: OutputOptions): Promise<void>;
  cancel(experiment: string, options: ServiceOption): Promise<void>;
  up(options: UpOptions & { readonly json: boolean }): Promise<void>;
  status(options: { readonly json: boolean }): Promise<void>;
  down(): Promise<void>;
  listDeadLetters(options: OutputOptions & { readonly all: boolean }): Promise<void>;
  retryDeadLetters(ids: readonly number[], options: ServiceOption): Promise<void>;
  list(options: OutputOptions): Promise<void>;
  show(experiment: string, options: ShowOptions): Promise<void>;
  audit(experiment: string, options: AuditOptions): Promise<void>;
  addSite(site: SiteToAdd): Promise<void>;
  listSites(options: OutputOptions): Promise<void>;
  showSiteKey(options: { readonly site: string }): Promise<void>;
  export(experiment: string, options: ExportOptions): Promise<void>;
  predict(folder: string, texts: readonly string[], options: { readonly json: boolean }): Promise<void>;
  quantise(folder: string, options: { readonly text?: string; readonly json: boolean }): Promise<void>;
  pretrain(spec: string, options: { readonly json: boolean }): Promise<void>;
  tune(spec: string, options: { readonly json: boolean }): Promise<void>;
  generate(folder: string, instruction: string, options: GenerateOptions): Promise<void>;
  readonly reward: RewardCommands;
  readonly profile: ProfileCommands;
}

const ENDINGS = `
Exit codes: ${EXIT.success} done · ${EXIT.failed} the run failed · ${EXIT.badInput} wrong arguments, spec, model or data · ${EXIT.environment} database, work folder or disk ·
${EXIT.interrupted} Ctrl-C · ${EXIT.terminated} SIGTERM (after these two, \`airtune resume\` goes on)

Environment:
${describeSettings(commandVariables)}`;

/** Airtune's command line. */
export function buildProgram(commands: Commands): Command {
  const program = new Command('airtune')
    .description(
      'Fine-tunes a language model for many clients at once over a wireless network; their data stays with them.',
    )
    .showHelpAfterError('(`airtune --help` lists the commands)')
    .addHelpText('after', ENDINGS);
  addRun(program, commands);
  addServices(program, commands);
  addHistory(program, commands);
  addModels(program, commands);
  addGenerate(program, (...asked) => commands.generate(...asked));
  addReward(program, commands.reward);
  addProfile(program, commands.profile);
  addSites(program, commands);
  return program;
}

function addRun(program: Command, commands: Commands): void {
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

function addServices(program: Command, commands: Commands): void {
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

function addHistory(program: Command, commands: Commands): void {
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

function addModels(program: Command, commands: Commands): void {
  program
    .command('export')
    .description("write a client's personalised model: ONNX, tokenizer, and its parts for transformers and PEFT")
    .argument('<experiment>', 'its name as `airtune list` shows it')
    .requiredOption('--client <name>', 'whose model, such as client-0')
    .requiredOption('--out <folder>', 'where to write it; a new or empty folder')
    .option('--force', 'replace what is in the folder', false)
    .addOption(precisionOption('what model.onnx computes the base in; default: as the client was evaluated'))
    .addOption(coordinatorOption())
    .addHelpText(
      'after',
      examples(
        'airtune export pftt-3f9a1c --client client-0 --out my-model',
        'airtune export pftt-3f9a1c --client client-0 --out my-model --precision int8',
      ),
    )
    .action((experiment: string, options: ExportOptions) => commands.export(experiment, options));
  program
    .command('predict')
    .description('classify texts with an exported model')
    .argument('<folder>', 'what `airtune export` wrote')
    .argument('<text...>', 'one or more texts')
    .option('--json', 'one JSON object a line', false)
    .addHelpText('after', examples('airtune predict my-model "a small domesticated carnivore"'))
    .action((folder: string, texts: string[], options: { json: boolean }) => commands.predict(folder, texts, options));
  program
    .command('quantise')
    .description('what int8 would do to a base model: the error of each layer on sample text, and which stay in fp32')
    .argument('<folder>', 'a Hugging Face folder of a BERT, a RoBERTa or a GPT-2')
    .option(
      '--report',
      'print the report, which is done without it too: nothing is written, since runs quantise when they open a base',
    )
    .option('--text <file>', 'measure on this text instead of the sample that runs decide by')
    .option('--json', 'one JSON object', false)
    .addHelpText('after', examples('airtune quantise models/tiny-encoder --report'))
    .action((folder: string, options: { text?: string; json: boolean }) => commands.quantise(folder, options));
  program
    .command('pretrain')
    .description('pre-train an encoder (masked words) or a GPT-2 (next tokens) on text; goes on where it was stopped')
    .argument('<spec>', 'text, tokenizer, model and training, a YAML file')
    .option('--json', 'one JSON object a line on standard output, nothing else', false)
    .addHelpText(
      'after',
      examples(
        'airtune pretrain examples/pretrain-tiny-encoder.yaml',
        'airtune pretrain examples/pretrain-tiny-gpt2.yaml',
      ),
    )
    .action((spec: string, options: { json: boolean }) => commands.pretrain(spec, options));
  program
    .command('tune')
    .description('tune a GPT-2 on instructions and their answers; goes on where it was stopped')
    .argument('<spec>', 'model, instructions and training, a YAML file')
    .option('--json', 'one JSON object a line on standard output, nothing else', false)
    .addHelpText('after', examples('airtune tune examples/tune-tiny-gpt2.yaml'))
    .action((spec: string, options: { json: boolean }) => commands.tune(spec, options));
}

function addSites(program: Command, commands: Commands): void {
  const site = program.command('site').description('sites: who they are and which may enrol clients');
  site
    .command('add')
    .description('let a site in, under its public key, before it enrols a client')
    .argument('<name>', 'as its site file has it')
    .requiredOption('--key <key>', 'what `airtune site show-key` prints at the site')
    .addOption(coordinatorOption())
    .addHelpText('after', examples('airtune site add north --key 2JzU3dKcFmZ0f0xkJ3yYp8k5b2m1n0o9q8r7s6t5u4v'))
    .action((name: string, options: ServiceOption & { key: string }) => commands.addSite({ name, ...options }));
  site
    .command('list')
    .description('list the sites that are let in')
    .option('--json', 'one JSON object a line', false)
    .addOption(coordinatorOption())
    .addHelpText('after', examples('airtune site list'))
    .action((options: OutputOptions) => commands.listSites(options));
  site
    .command('show-key')
    .description("print this site's public key; its key pair is made at the first use")
    .option('--site <name>', 'which site of this work folder', 'local')
    .addHelpText('after', examples('airtune site show-key --site north'))
    .action((options: { site: string }) => commands.showSiteKey(options));
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
