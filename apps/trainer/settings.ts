import { siteName } from '#contracts';
import { clientNames, type ClientsSpec } from '#federation';
import { z } from 'zod';
import type { Roots } from './permit-path.ts';
import type { SiteFile } from './site-file.ts';

const roots = z.array(z.string().min(1)).max(1000).optional();

/** One site: its name, where it keeps its clients' state, and which clients it hosts. */
export const trainerSettings = z.strictObject({
  site: siteName.default('local'),
  /** Absolute; state lies in `<home>/sites/<site>/`. */
  home: z.string().min(1),
  /** Of `sites` sites, counted from 0, this one hosts every simulated client whose number leaves this rest. */
  siteIndex: z.int().min(0).default(0),
  sites: z.int().min(1).max(10_000).default(1),
  /** Processor cores for training; default: all of the machine's. */
  threads: z.int().min(1).max(1024).optional(),
  /** The clients that it hosts with data of their own. */
  siteFile: z.custom<SiteFile>().optional(),
  /** Folders under which it opens data and base models that a spec names; without them, whatever its user may read. */
  dataRoots: roots,
  modelRoots: roots,
  /** Goes on at boot with the experiments that it knows from disk; who is asked again for each run leaves it off. */
  resumeAtBoot: z.boolean().default(false),
});

export type TrainerSettingsInput = z.input<typeof trainerSettings>;

/** The settings as services inject them. */
export class TrainerSettings {
  readonly site: string;
  readonly home: string;
  readonly threads: number | undefined;
  readonly siteFile: SiteFile | undefined;
  readonly dataRoots: Roots;
  readonly modelRoots: Roots;
  readonly resumeAtBoot: boolean;
  private readonly siteIndex: number;
  private readonly sites: number;

  /** @throws ZodError when a field is wrong. */
  constructor(input: TrainerSettingsInput) {
    const parsed = trainerSettings.parse(input);
    this.site = parsed.site;
    this.home = parsed.home;
    this.siteIndex = parsed.siteIndex;
    this.sites = parsed.sites;
    this.threads = parsed.threads;
    this.siteFile = parsed.siteFile;
    this.dataRoots = parsed.dataRoots;
    this.modelRoots = parsed.modelRoots;
    this.resumeAtBoot = parsed.resumeAtBoot;
  }

  /** Which of an experiment's clients this site hosts: those that its site file names, or its share of simulated ones. */
  hosted(clients: ClientsSpec): readonly string[] {
    const names = clientNames(clients);
    if ('names' in clients) return names.filter((name) => Object.hasOwn(this.siteFile?.clients ?? {}, name));
    return names.filter((_, number) => number % this.sites === this.siteIndex);
  }
}
