import type { Command } from 'commander';
import { coordinatorOption, examples, precisionOption, type ChosenPrecision, type ServiceOption } from './options.ts';

export interface ExportOptions extends ServiceOption {
  readonly client: string;
  readonly out: string;
  readonly force: boolean;
  /** Of the base; default is what the client enrolled in. */
  readonly precision?: ChosenPrecision;
}

export interface ModelCommands {
  export(experiment: string, options: ExportOptions): Promise<void>;
  predict(folder: string, texts: readonly string[], options: { readonly json: boolean }): Promise<void>;
  quantise(folder: string, options: { readonly text?: string; readonly json: boolean }): Promise<void>;
  pretrain(spec: string, options: { readonly json: boolean }): Promise<void>;
  tune(spec: string, options: { readonly json: boolean }): Promise<void>;
}

/** The commands that make, write and use models. */
export function addModels(program: Command, commands: ModelCommands): void {
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
