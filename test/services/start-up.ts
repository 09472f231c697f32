import { airtune, type Running } from './command-line.ts';

/** Starting everything on two busy cores. */
export const UP_MS = 180_000;

/** What `airtune up --json` says when all is ready. */
export interface Up {
  readonly coordinator: string;
  readonly parts: readonly { readonly name: string; readonly address: string; readonly pid: number }[];
}

/** Starts `airtune up` at a free port. */
export function startUp(variables: NodeJS.ProcessEnv): Running {
  return airtune(['up', '--port', '0', '--json'], variables);
}

/** Waits until all is ready. */
export async function whenUp(services: Running): Promise<Up> {
  return JSON.parse(await services.line(/"event":"up"/)) as Up;
}

/** Asks it to end, and waits until it has. */
export async function endUp({ child, outcome }: Running): Promise<void> {
  child.kill('SIGTERM');
  await outcome;
}
