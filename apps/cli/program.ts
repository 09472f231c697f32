import { Command, InvalidArgumentError } from 'commander';
import { addGenerate, type GenerateOptions } from './program-generate.ts';
import { addReward, type RewardCommands } from './program-reward.ts';
import { describeSettings, EXIT } from '#operations';
import { commandVariables } from './settings.ts';

export interface RunOptions {
  readonly json: boolean;
  readonly seed?: number;
  readonly rounds?: number;
}

/** What each command does, so that the command line can be read and tested without doing it. */
export interface Commands {
  run(spec: string, options: RunOptions): Promise<void>;
  resume(experiment: string | undefined, options: { readonly json: boolean }): Promise<void>;
  list(options: { readonly json: boolean }): Promise<void>;
  show(experiment: string, options: { readonly json: boolean }): Promise<void>;
  export(
    experiment: string,
    options: { readonly client: string; readonly out: string; readonly force: boolean },
  ): Promise<void>;
  predict(folder: string, texts: readonly string[], options: { readonly json: boolean }): Promise<void>;
  pretrain(spec: string, options: { readonly json: boolean }): Promise<void>;
  tune(spec: string, options: { readonly json: boolean }): Promise<void>;
  generate(folder: string, instruction: string, options: GenerateOptions): Promise<void>;
  readonly reward: RewardCommands;
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
  addHistory(program, commands);
  addModels(program, commands);
  addGenerate(program, (...asked) => commands.generate(...asked));
  addReward(program, commands.reward);
  return program;
}

function addRun(program: Command, commands: Commands): void {
  program
    .command('run')
    .description('run an experiment in one process: coordinator, channel, trainer and database')
    .argument('<spec>', 'the experiment, a YAML file')
    .option('--seed <number>', 'instead of the seed in the spec', wholeNumber)
    .option('--rounds <number>', 'instead of the rounds in the spec', wholeNumber)
    .option('--json', 'one JSON object a line on standard output, nothing else', false)
    .addHelpText('after', examples('airtune run examples/pftt.yaml', 'airtune run examples/pftt.yaml --seed 8 --json'))
    .action((spec: string, options: RunOptions) => commands.run(spec, options));
  program
    .command('resume')
    .description('go on with an experiment that was interrupted, from where it was cut')
    .argument('[experiment]', 'its name as `airtune list` shows it; default: the latest that is not finished')
    .option('--json', 'one JSON object a line on standard output, nothing else', false)
    .addHelpText('after', examples('airtune resume', 'airtune resume pftt-3f9a1c'))
    .action((experiment: string | undefined, options: { json: boolean }) => commands.resume(experiment, options));
}

function addHistory(program: Command, commands: Commands): void {
  program
    .command('list')
    .description('list experiments, latest first')
    .option('--json', 'one JSON object a line', false)
    .addHelpText('after', examples('airtune list'))
    .action((options: { json: boolean }) => commands.list(options));
  program
    .command('show')
    .description('show an experiment: rounds, clients, transmissions')
    .argument('<experiment>', 'its name as `airtune list` shows it')
    .option('--json', 'one JSON object', false)
    .addHelpText('after', examples('airtune show pftt-3f9a1c', 'airtune show pftt-3f9a1c --json | jq .transmissions'))
    .action((experiment: string, options: { json: boolean }) => commands.show(experiment, options));
}

function addModels(program: Command, commands: Commands): void {
  program
    .command('export')
    .description("write a client's personalised model: ONNX, tokenizer, LoRA in PEFT's format, adapters, head")
    .argument('<experiment>', 'its name as `airtune list` shows it')
    .requiredOption('--client <name>', 'whose model, such as client-0')
    .requiredOption('--out <folder>', 'where to write it; a new or empty folder')
    .option('--force', 'replace what is in the folder', false)
    .addHelpText('after', examples('airtune export pftt-3f9a1c --client client-0 --out my-model'))
    .action((experiment: string, options: { client: string; out: string; force: boolean }) =>
      commands.export(experiment, options),
    );
  program
    .command('predict')
    .description('classify texts with an exported model')
    .argument('<folder>', 'what `airtune export` wrote')
    .argument('<text...>', 'one or more texts')
    .option('--json', 'one JSON object a line', false)
    .addHelpText('after', examples('airtune predict my-model "a small domesticated carnivore"'))
    .action((folder: string, texts: string[], options: { json: boolean }) => commands.predict(folder, texts, options));
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

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new InvalidArgumentError('It must be a whole number.');
  return value;
}
