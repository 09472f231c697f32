import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '#storage';
import { z } from 'zod';
import { FIRST_VERSION } from './changed-profiles.ts';

const jobSchema = z.strictObject({
  round: z.int().min(1),
  client: z.string(),
  forEvaluation: z.boolean(),
  /** The global model that arrived; null when the download was lost. */
  global: z.templateLiteral(['sha256:', z.string()]).nullable(),
  /** Which of its profiles the client is to tune by. */
  profile: z.int().min(1).default(FIRST_VERSION),
  /** Rewards that the round is judged without. */
  leftOut: z.array(z.string()).default([]),
  /** The channels that the client trains and sends, where that is not all of them. */
  channels: z.strictObject({ order: z.string(), keep: z.number() }).optional(),
});

/** A download that a client has still to answer. */
export type DownloadJob = z.infer<typeof jobSchema>;

/** Jobs on disk: a handler stores one and returns, and whoever starts later finds what was not answered. */
export class DownloadJobs {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  async store(job: DownloadJob): Promise<void> {
    await writeFileAtomically(this.path(job), JSON.stringify(job));
  }

  async remove(job: DownloadJob): Promise<void> {
    await rm(this.path(job), { force: true });
  }

  /** What was stored and not removed, in order of round and client. */
  async pending(): Promise<DownloadJob[]> {
    const names = await readdir(this.folder).catch(() => []);
    const jobs = names.filter((name) => name.endsWith('.json')).sort();
    return Promise.all(
      jobs.map(async (name) => jobSchema.parse(JSON.parse(await readFile(join(this.folder, name), 'utf8')))),
    );
  }

  private path({ round, client }: DownloadJob): string {
    return join(this.folder, `round-${String(round).padStart(6, '0')}-${client}.json`);
  }
}
