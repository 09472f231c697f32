import { Clock, Publisher } from '#events';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { openExperiment, type OpenExperiment } from './open-experiment.ts';
import { DownloadJobs, type DownloadJob } from './download-jobs.ts';
import { experimentsUnderWay, isMarkedFinished, markOpen, namesUnderWay, type Submission } from './experiment-file.ts';
import { TrainerSettings } from './settings.ts';
import { experimentFolder, jobsFolder } from './site-folders.ts';
import { SiteIdentity } from './site-identity.ts';
import { readHeads, type WitnessedHead } from './witnessed-heads.ts';

/** The experiments that this site has open: each one's data and model once, however often it is submitted. */
@Injectable()
export class Experiments implements OnModuleDestroy {
  private readonly settings: TrainerSettings;
  private readonly identity: SiteIdentity;
  private readonly publisher: Publisher;
  private readonly clock: Clock;
  private readonly opened = new Map<string, Promise<OpenExperiment>>();

  constructor(settings: TrainerSettings, identity: SiteIdentity, publisher: Publisher, clock: Clock) {
    this.settings = settings;
    this.identity = identity;
    this.publisher = publisher;
    this.clock = clock;
  }

  get site(): string {
    return this.settings.site;
  }

  /** Whether this site hosts any client of it. */
  concerns({ spec }: Submission): boolean {
    return this.settings.hosted(spec.clients).length > 0;
  }

  /** Opens an experiment, or gives the one that is open. A failed opening is forgotten, so that it can be tried again. */
  open(id: string, submission: Submission): Promise<OpenExperiment> {
    const known = this.opened.get(id);
    if (known !== undefined) return known;
    const opening = this.openAnew(id, submission);
    this.opened.set(id, opening);
    opening.catch(() => this.opened.delete(id));
    return opening;
  }

  private async openAnew(id: string, submission: Submission): Promise<OpenExperiment> {
    await markOpen(experimentFolder(this.settings.home, this.settings.site, id));
    const { settings, publisher, clock } = this;
    return openExperiment(id, submission, { settings, publisher, clock, digestKey: this.identity.digestKey });
  }

  /** What was under way when this site last ended, if it is to be gone on with at boot. */
  async underWay(): Promise<readonly { readonly id: string; readonly submission: Submission }[]> {
    const { home, site, resumeAtBoot } = this.settings;
    return resumeAtBoot ? experimentsUnderWay(home, site) : [];
  }

  /** The experiment of that name, if it was submitted and is still open. */
  find(id: string): Promise<OpenExperiment> | undefined {
    return this.opened.get(id);
  }

  isOpen(id: string): boolean {
    return this.opened.has(id);
  }

  /** All that could be opened. */
  async all(): Promise<OpenExperiment[]> {
    const opened = await Promise.allSettled(this.opened.values());
    return opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  }

  /** Downloads that are still to be answered, of all experiments that have not ended, open or not. */
  async pendingJobs(): Promise<DownloadJob[]> {
    const { home, site } = this.settings;
    const names = await namesUnderWay(home, site);
    const pending = names.map((id) => new DownloadJobs(jobsFolder(home, site, id)).pending());
    return (await Promise.all(pending)).flat();
  }

  /** Whether the experiment has finished: it is not gone on with, however often it is submitted. */
  hasFinished(id: string): Promise<boolean> {
    return isMarkedFinished(experimentFolder(this.settings.home, this.settings.site, id));
  }

  /** The last head of an experiment's ledger that this site saw; null before its first. */
  async lastHead(id: string): Promise<WitnessedHead['head'] | null> {
    return (await readHeads(this.settings.home, this.settings.site, id)).at(-1)?.head ?? null;
  }

  /** Ends its workers, and answers what was open; training that is under way is given up. */
  async close(id: string): Promise<OpenExperiment | undefined> {
    const opening = this.opened.get(id);
    this.opened.delete(id);
    const experiment = await opening?.catch(() => undefined);
    await experiment?.learner.close();
    return experiment;
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all([...this.opened.keys()].map((id) => this.close(id)));
  }
}
