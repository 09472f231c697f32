import { z } from 'zod';

/** One site: its name, where it keeps its clients' state, and which share of a simulation's clients it hosts. */
export const trainerSettings = z.strictObject({
  site: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'lower case, digits and dashes, at most 63')
    .default('local'),
  /** Absolute; state lies in `<home>/sites/<site>/`. */
  home: z.string().min(1),
  /** Of `sites` sites, counted from 0, this one hosts every client whose number leaves this rest. */
  siteIndex: z.int().min(0).default(0),
  sites: z.int().min(1).max(10_000).default(1),
  /** Processor cores for training; default: all of the machine's. */
  threads: z.int().min(1).max(1024).optional(),
});

export type TrainerSettingsInput = z.input<typeof trainerSettings>;

/** The settings as services inject them. */
export class TrainerSettings {
  readonly site: string;
  readonly home: string;
  readonly siteIndex: number;
  readonly sites: number;
  readonly threads: number | undefined;

  /** @throws ZodError when a field is wrong. */
  constructor(input: TrainerSettingsInput) {
    const { site, home, siteIndex, sites, threads } = trainerSettings.parse(input);
    this.site = site;
    this.home = home;
    this.siteIndex = siteIndex;
    this.sites = sites;
    this.threads = threads;
  }

  hosts(clientNumber: number): boolean {
    return clientNumber % this.sites === this.siteIndex;
  }
}
