import { delimiter, resolve } from 'node:path';
import { kafkaVariables, serviceVariables, threadsVariable } from '#operations';
import { z } from 'zod';
import { trainerSettings, type TrainerSettingsInput } from './settings.ts';
import { readSiteFile } from './site-file.ts';
import { TrainerError } from './trainer-error.ts';

const PORT = 4002;
const { site, siteIndex, sites } = trainerSettings.shape;

/** What a site is told by its environment. */
export const trainerVariables = z
  .object({
    AIRTUNE_SITE: site.unwrap().optional().describe('the name of this site; default: that of its site file, or local'),
    AIRTUNE_SITE_FILE: z
      .string()
      .min(1)
      .optional()
      .describe('a YAML file that names the clients hosted here, and each one’s own data'),
    AIRTUNE_DATA_ROOTS: z
      .string()
      .optional()
      .describe(`folders from which specs may name data, separated by "${delimiter}"; none unless set`),
    AIRTUNE_MODEL_ROOTS: z
      .string()
      .optional()
      .describe(`folders from which specs may name base models, separated by "${delimiter}"; none unless set`),
    AIRTUNE_SITES: z.coerce.number().pipe(sites.unwrap()).default(1).describe('how many sites share simulated clients'),
    AIRTUNE_SITE_INDEX: z.coerce
      .number()
      .pipe(siteIndex.unwrap())
      .default(0)
      .describe('which of them this one is, counted from 0'),
    AIRTUNE_THREADS: threadsVariable.optional(),
    ...serviceVariables(PORT),
    ...kafkaVariables,
  })
  .refine((said) => said.AIRTUNE_SITE_INDEX < said.AIRTUNE_SITES, {
    path: ['AIRTUNE_SITE_INDEX'],
    message: 'must be less than AIRTUNE_SITES',
  });

/** The same as the trainer's own settings, its site file read. Throws `settings.invalid`, or what is wrong with the file. */
export async function settingsOf(
  said: z.output<typeof trainerVariables>,
  home: string,
): Promise<TrainerSettingsInput & { readonly site: string }> {
  const siteFile = said.AIRTUNE_SITE_FILE === undefined ? undefined : await readSiteFile(said.AIRTUNE_SITE_FILE);
  const named = said.AIRTUNE_SITE;
  if (named !== undefined && siteFile !== undefined && named !== siteFile.site) {
    const message = `AIRTUNE_SITE: is ${named}, but the site file ${said.AIRTUNE_SITE_FILE ?? ''} is that of ${siteFile.site}`;
    throw new TrainerError('settings.invalid', message);
  }
  return {
    site: named ?? siteFile?.site ?? 'local',
    home,
    siteIndex: said.AIRTUNE_SITE_INDEX,
    sites: said.AIRTUNE_SITES,
    dataRoots: foldersOf(said.AIRTUNE_DATA_ROOTS),
    modelRoots: foldersOf(said.AIRTUNE_MODEL_ROOTS),
    resumeAtBoot: true,
    ...(siteFile === undefined ? {} : { siteFile }),
    ...(said.AIRTUNE_THREADS === undefined ? {} : { threads: said.AIRTUNE_THREADS }),
  };
}

function foldersOf(list: string | undefined): string[] {
  const folders = (list ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => resolve(folder));
}
