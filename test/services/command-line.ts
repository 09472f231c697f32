import { spawn, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

const AIRTUNE = resolve(import.meta.dirname, '../../bin/airtune.js');

export interface Outcome {
  readonly code: number | null;
  readonly lines: readonly string[];
  readonly stderr: string;
}

/** A command that runs, its standard output by lines. */
export interface Running {
  readonly child: ChildProcess;
  readonly lines: readonly string[];
  /** Resolves with the first line that matches; rejects when it ends without one. */
  line(pattern: RegExp): Promise<string>;
  readonly outcome: Promise<Outcome>;
}

/** Runs the built command line in a process of its own. */
export function airtune(args: readonly string[], variables: NodeJS.ProcessEnv): Running {
  const child = spawn(process.execPath, [AIRTUNE, ...args], {
    env: { ...process.env, NODE_OPTIONS: '', AIRTUNE_COORDINATOR: '', ...variables },
  });
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  let stderr = '';
  let ended = false;
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const told = (): void => {
    for (const look of [...waiting]) look();
  };
  createInterface(child.stdout).on('line', (line) => {
    lines.push(line);
    told();
  });
  const outcome = new Promise<Outcome>((done) => {
    child.on('close', (code) => {
      ended = true;
      told();
      done({ code, lines, stderr });
    });
  });
  const line = (pattern: RegExp): Promise<string> =>
    new Promise((found, reject) => {
      const look = (): void => {
        const match = lines.find((one) => pattern.test(one));
        if (match === undefined && !ended) return;
        waiting.delete(look);
        if (match === undefined) reject(new Error(`no line ${String(pattern)}; it said: ${stderr}`));
        else found(match);
      };
      waiting.add(look);
      look();
    });
  return { child, lines, line, outcome };
}

/** The last line of a run with `--json`. */
interface Closing {
  readonly event: string;
  readonly experiment: string;
  readonly globalDigest: string;
  readonly clients: readonly { readonly client: string; readonly personalDigest: string }[];
}

export function closingOf({ lines }: Outcome): Closing {
  return JSON.parse(lines.at(-1) ?? '{}') as Closing;
}

/** What must be equal for two runs to be the same run; the run has finished. */
export function closingDigests(outcome: Outcome): readonly string[] {
  const closing = closingOf(outcome);
  if (closing.event !== 'experiment.finished')
    throw new Error(`the run did not finish: ${outcome.lines.at(-1) ?? ''}\n${outcome.stderr}`);
  return [closing.globalDigest, ...closing.clients.map(({ personalDigest }) => personalDigest)];
}
