import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '#storage';
import { z } from 'zod';

const schema = z.object({
  pid: z.int(),
  startedAt: z.string(),
  coordinator: z.string().nullable(),
  parts: z.array(
    z.object({
      name: z.string(),
      state: z.enum(['starting', 'running', 'waiting', 'stopped']),
      address: z.string().or(z.undefined()),
      pid: z.int().or(z.undefined()),
      restarts: z.int(),
    }),
  ),
});

/** What `airtune up` runs, as it leaves it in the work folder for `status` and `down`. */
export type UpState = z.infer<typeof schema>;

const FILE = 'up.json';

export async function writeUpState(home: string, state: UpState): Promise<void> {
  await writeFileAtomically(join(home, FILE), `${JSON.stringify(state, null, 2)}\n`);
}

/** Undefined when there is none, or none that can be read. */
export async function readUpState(home: string): Promise<UpState | undefined> {
  const text = await readFile(join(home, FILE), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export async function forgetUpState(home: string): Promise<void> {
  await rm(join(home, FILE), { force: true });
}
