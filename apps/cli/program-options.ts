import { InvalidArgumentError, Option } from 'commander';

/** The lines of a command's help that show how it is called. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
}

/** `--coordinator`, of the commands that can do their work at running services. */
export function coordinatorOption(where = 'at running services instead of in this process'): Option {
  return new Option('--coordinator <url>', `${where} (or AIRTUNE_COORDINATOR)`);
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new InvalidArgumentError('It must be a whole number.');
  return value;
}
