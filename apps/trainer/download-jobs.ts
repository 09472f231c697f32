import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '#storage';
import { z } from 'zod';
import { absent } from './absent.ts';
import { FIRST_VERSION } from './changed-profiles.ts';
import { TrainerError } from './trainer-error.ts';

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
    const names = (await readdir(this.folder).catch(absent)) ?? [];
    const jobs = names.filter((name) => name.endsWith('.json')).sort();
    const read = await Promise.all(jobs.map((name) => readJob(join(this.folder, name))));
    return read.filter((job) => job !== undefined);
  }

  private path({ round, client }: DownloadJob): string {
    return join(this.folder, `round-${String(round).padStart(6, '0')}-${client}.json`);
  }
}

/** Undefined when it was answered meanwhile. */
async function readJob(path: string): Promise<DownloadJob | undefined> {
  const text = await readFile(path, 'utf8').catch(absent);
  if (text === undefined) return undefined;
  try {
    return jobSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new TrainerError('trainer.state-corrupt', `${path} is damaged; remove it and resume.`, {
      cause,
    });
  }
}
