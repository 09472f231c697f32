import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { experimentSubmitted } from '#contracts';
import { writeFileAtomically } from '#storage';
import { z } from 'zod';
import { experimentFolder } from './site-folders.ts';
import { codeOf, TrainerError } from './trainer-error.ts';

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
