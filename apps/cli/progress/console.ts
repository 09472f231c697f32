import type { WriteStream } from 'node:tty';
import { JsonReporter } from './json-reporter.ts';
import { PlainReporter } from './plain-reporter.ts';
import type { Reporter } from './reporter.ts';
import { TerminalReporter } from './terminal-reporter.ts';

/** The two streams that a command writes to. */
export interface Console {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

/** JSON when asked for; one live line on a terminal; plain lines otherwise. */
export function chooseReporter(console: Console, json: boolean): Reporter {
  if (json) return new JsonReporter(console.stdout, console.stderr);
  if (isTerminal(console.stdout)) return new TerminalReporter(console.stdout);
  return new PlainReporter(console.stdout, console.stderr);
}

export function isTerminal(stream: NodeJS.WritableStream): stream is WriteStream {
  return (stream as Partial<WriteStream>).isTTY === true;
}
