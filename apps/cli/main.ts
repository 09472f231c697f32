import 'reflect-metadata';
import { CommanderError } from 'commander';
import { AirtuneCommands } from './commands/commands.ts';
import { codeOf, EXIT, exitCodeOf } from '#operations';
import { buildProgram } from './program/build-program.ts';

/** An error as its reader needs it: the cause and the cure; the stack only for who asked. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return `airtune: ${String(error)}`;
  if (process.env['AIRTUNE_DEBUG'] === '1') return error.stack ?? error.message;
  if (codeOf(error) !== undefined) return `airtune: ${error.message}`;
  return `airtune: ${error.message} (unexpected; AIRTUNE_DEBUG=1 shows where)`;
}

// Who reads may stop reading, as `| head` does; a command that can stop listens too.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return;
  process.stderr.write(`airtune: standard output cannot be written: ${error.message}\n`);
  process.exitCode = EXIT.environment;
});

const commands = new AirtuneCommands(process);
const program = buildProgram(commands);
program.exitOverride();
for (const command of program.commands) for (const part of [command, ...command.commands]) part.exitOverride();

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
