import { InvalidArgumentError, Option } from 'commander';

/** Where to: running services, or (undefined) this process and the record of this machine. */
export interface ServiceOption {
  readonly coordinator?: string;
}

export interface OutputOptions extends ServiceOption {
  readonly json: boolean;
}

/** The lines of a command's help that show how it is called. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
}

/** `--coordinator`, of the commands that can do their work at running services. */
export function coordinatorOption(where = 'at running services instead of in this process'): Option {
  return new Option('--coordinator <url>', `${where} (or AIRTUNE_COORDINATOR)`);
}

/** What the base of a model can be asked for in; how many bits int8 has is up to the processor. */
export const CHOSEN_PRECISIONS = ['int8', 'fp32'] as const;
export type ChosenPrecision = (typeof CHOSEN_PRECISIONS)[number];

export function precisionOption(what: string): Option {
  return new Option('--precision <precision>', what).choices(CHOSEN_PRECISIONS);
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new InvalidArgumentError('It must be a whole number.');
  return value;
}

/** The values of an option that may be given again and again. */
export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
