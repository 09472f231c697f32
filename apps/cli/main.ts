import 'reflect-metadata';
import { CommanderError } from 'commander';
import { AirtuneCommands } from './commands/commands.ts';
import { codeOf, EXIT, exitCodeOf } from './exit-codes.ts';
import { buildProgram } from './program.ts';

/** An error as its reader needs it: the cause and the cure; the stack only for who asked. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return `airtune: ${String(error)}`;
  if (process.env['AIRTUNE_DEBUG'] === '1') return error.stack ?? error.message;
  if (codeOf(error) !== undefined) return `airtune: ${error.message}`;
  return `airtune: ${error.message} (unexpected; AIRTUNE_DEBUG=1 shows where)`;
}

const commands = new AirtuneCommands(process);
const program = buildProgram(commands);
program.exitOverride();
for (const command of program.commands) command.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.success : EXIT.badInput;
  } else {
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = exitCodeOf(error);
  }
}
