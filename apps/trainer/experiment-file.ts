import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { experimentSubmitted, type DataOf } from '#contracts';
import { writeFileAtomically } from '#storage';
import { z } from 'zod';
import { experimentFolder, siteFolder } from './site-folders.ts';
import { codeOf, TrainerError } from './trainer-error.ts';

/** What was submitted: spec, and the base in words and numbers. */
export type Submission = DataOf<typeof experimentSubmitted>;

const fileSchema = z.strictObject({
  submission: experimentSubmitted.schema,
  /** Label names, in the order of the head's outputs. */
  labels: z.array(z.string()),
  /** Where the base lies at this site. */
  modelFolder: z.string(),
});

/** What a site remembers of an experiment, so that its clients' models can be read without the coordinator. */
export type ExperimentFile = z.infer<typeof fileSchema>;

const NAME = 'experiment.json';

export async function writeExperimentFile(folder: string, file: ExperimentFile): Promise<void> {
  await writeFileAtomically(join(folder, NAME), `${JSON.stringify(file, null, 2)}\n`);
}

/** How an experiment ended, as far as its sites are told. */
export type Ending = 'finished' | 'failed' | 'cancelled';

const ENDED = 'ended';

/** Marks on disk that an experiment is over; one that this site has no part in is not marked. */
export async function markEnded(folder: string, ending: Ending): Promise<void> {
  if (await isThere(join(folder, NAME))) await writeFileAtomically(join(folder, ENDED), `${ending}\n`);
}

/** Whether it is marked as finished, which nothing takes back. */
export async function isMarkedFinished(folder: string): Promise<boolean> {
  return (await readFile(join(folder, ENDED), 'utf8').catch(() => '')).trim() === 'finished';
}

/** Takes the mark away: an experiment that failed is gone on with. */
export async function markOpen(folder: string): Promise<void> {
  await rm(join(folder, ENDED), { force: true });
}

/** Names of the experiments that this site has taken part in and that are not marked as ended. */
export async function namesUnderWay(home: string, site: string): Promise<string[]> {
  const entries = await readdir(siteFolder(home, site), { withFileTypes: true }).catch(() => []);
  const found = entries
    .filter((entry) => entry.isDirectory())
    .map(async ({ name: id }) => {
      const folder = experimentFolder(home, site, id);
      return (await isThere(join(folder, NAME))) && !(await isThere(join(folder, ENDED))) ? [id] : [];
    });
  return (await Promise.all(found)).flat();
}

/** The same experiments, with what was submitted. */
export async function experimentsUnderWay(
  home: string,
  site: string,
): Promise<{ readonly id: string; readonly submission: Submission }[]> {
  const names = await namesUnderWay(home, site);
  return Promise.all(
    names.map(async (id) => ({ id, submission: (await readExperimentFile(home, site, id)).submission })),
  );
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Throws `trainer.experiment-unknown` when this site has never taken part in it. */
export async function readExperimentFile(home: string, site: string, experiment: string): Promise<ExperimentFile> {
  const path = join(experimentFolder(home, site, experiment), NAME);
  try {
    return fileSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') {
      const message = `Site ${site} has no experiment ${experiment}: there is no ${path}.`;
      throw new TrainerError('trainer.experiment-unknown', message, { cause });
    }
    throw new TrainerError('trainer.state-corrupt', `${path} is damaged.`, { cause });
  }
}
