import { InvalidArgumentError, type Command } from 'commander';
import { examples, precisionOption, wholeNumber, type ChosenPrecision } from './options.ts';

export interface GenerateOptions {
  readonly input?: string;
  readonly raw: boolean;
  readonly maxNewTokens: number;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly seed: number;
  readonly greedy: boolean;
  /** Of the base; default is what the folder says. */
  readonly precision?: ChosenPrecision;
  readonly json: boolean;
}

/** `airtune generate`. */
export function addGenerate(
  program: Command,
  generate: (folder: string, instruction: string, options: GenerateOptions) => Promise<void>,
): void {
  program
    .command('generate')
    .description('answer an instruction with a GPT-2: what `airtune export`, `airtune tune` or transformers wrote')
    .argument('<folder>', 'a Hugging Face folder of a decoder')
    .argument('<instruction>', 'what to do, such as \'Define "river".\'')
    .option('--input <text>', 'the text that the instruction speaks of')
    .option('--raw', 'go on with the text as it is, without the template of instructions', false)
    .option('--max-new-tokens <number>', 'at most so many tokens', countingNumber, 64)
    .option('--temperature <number>', 'above 1 bolder, below 1 tamer', positiveNumber, 1)
    .option('--top-k <number>', 'draw among so many of the likeliest tokens', countingNumber)
    .option('--top-p <number>', 'draw among the fewest likeliest tokens that reach this probability', probability)
    .option('--seed <number>', 'of what is drawn; the same seed gives the same text', wholeNumber, 0)
    .option('--greedy', 'always the likeliest token', false)
    .addOption(precisionOption('what the base is computed in; default: as its client was evaluated, else fp32'))
    .option('--json', 'one JSON object when it is done', false)
    .addHelpText(
      'after',
      examples(
        `airtune generate models/tiny-gpt2 'Define "river".'`,
        `airtune generate models/tiny-gpt2 'What kind of thing is "oak"?' --greedy`,
        `airtune generate models/tiny-gpt2 'Define "river".' --precision int8`,
      ),
    )
    .action(generate);
}

function countingNumber(text: string): number {
  const value = wholeNumber(text);
  if (value === 0) throw new InvalidArgumentError('It must be at least 1.');
  return value;
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < Infinity)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

function probability(text: string): number {
  const value = positiveNumber(text);
  if (value > 1) throw new InvalidArgumentError('It must lie above 0 and be at most 1.');
  return value;
}
