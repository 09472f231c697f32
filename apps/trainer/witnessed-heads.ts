import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { experimentFolder } from './site-folders.ts';
import { codeOf } from './trainer-error.ts';

const digest = z.templateLiteral(['sha256:', z.string().regex(/^[0-9a-f]{64}$/)]);

const witnessed = z.strictObject({
  round: z.int().min(1),
  stage: z.enum(['committed', 'abandoned', 'finished']),
  entry: z.int().min(1),
  head: digest,
  global: digest,
});

/** What a site saw of an experiment's ledger when a round was closed, or the whole of it. */
export type WitnessedHead = z.infer<typeof witnessed>;

function pathOf(home: string, site: string, experiment: string): string {
  return join(experimentFolder(home, site, experiment), 'heads.jsonl');
}

/** Keeps a head, after those that were kept before; on disk when it returns. What is there already is not kept twice. */
export async function keepHead(home: string, site: string, experiment: string, seen: WitnessedHead): Promise<void> {
  const kept = await readHeads(home, site, experiment);
  if (kept.some(({ entry, head }) => entry === seen.entry && head === seen.head)) return;
  const path = pathOf(home, site, experiment);
  await mkdir(dirname(path), { recursive: true });
  // A line break before it, too: the last line may have been cut off by a power cut.
  await appendFile(path, `\n${JSON.stringify(seen)}\n`, { flush: true });
}

/** The heads that a site has seen of an experiment, in the order in which it saw them. */
export async function readHeads(home: string, site: string, experiment: string): Promise<readonly WitnessedHead[]> {
  let text;
  try {
    text = await readFile(pathOf(home, site, experiment), 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
  return text.split('\n').flatMap((line) => {
    if (line === '') return [];
    try {
      return [witnessed.parse(JSON.parse(line))];
    } catch {
      return [];
    }
  });
}
