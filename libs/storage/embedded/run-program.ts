import { spawn } from 'node:child_process';

/** Whom a program runs as; empty for the present user. */
export interface ProgramUser {
  readonly uid?: number;
  readonly gid?: number;
}

export interface ProgramResult {
  /** Null when it was killed, or could not be started. */
  readonly status: number | null;
  readonly output: string;
}

/** Runs a program to its end, from the root folder, with nothing of the user's PG* settings; never throws. */
export function runProgram(path: string, args: readonly string[], user: ProgramUser = {}): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const output: string[] = [];
    const child = spawn(path, args, { ...user, cwd: '/', env: serverEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => output.push(text));
    child.on('error', (error) => {
      resolve({ status: null, output: error.message });
    });
    child.on('close', (status) => {
      resolve({ status, output: output.join('').trim() });
    });
  });
}

/** The environment of PostgreSQL's programs: messages in English, no PGDATA or PGPORT from outside. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('PG') && !name.startsWith('LC_'));
  return { ...Object.fromEntries(kept), LC_ALL: 'C' };
}
