import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A Python that times one thing after another. */
export interface PythonTimer<Kind extends string> {
  /** Milliseconds of one run. */
  readonly run: (kind: Kind) => Promise<number>;
  readonly stop: () => Promise<void>;
}

/**
 * Runs a script in the Python that AIRTUNE_PYTHON names; undefined without one. It reads its settings as JSON from the first
 * argument, says `ready`, and answers each line, the kind of run, with its milliseconds.
 */
export async function startPython<Kind extends string>(
  script: string,
  settings: unknown,
): Promise<PythonTimer<Kind> | undefined> {
  const python = process.env['AIRTUNE_PYTHON'];
  if (python === undefined || python === '') return undefined;
  const child = spawn(python, ['-c', script, JSON.stringify(settings)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done === true) throw new Error(`${python} ended before it answered; does it have what the bench needs?`);
    return line.value;
  };
  await answer();
  return {
    run: async (kind) => {
      child.stdin.write(`${kind}\n`);
      return Number(await answer());
    },
    stop: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.stdin.end();
      await ended;
    },
  };
}
