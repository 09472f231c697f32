import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { openExperiment, type OpenExperiment, type Submission } from './open-experiment.ts';
import { TrainerSettings } from './settings.ts';

/** The experiments that this site has open: each one's data and model once, however often it is submitted. */
@Injectable()
export class Experiments implements OnModuleDestroy {
  private readonly settings: TrainerSettings;
  private readonly opened = new Map<string, Promise<OpenExperiment>>();

  constructor(settings: TrainerSettings) {
    this.settings = settings;
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
    const opening = openExperiment(id, submission, this.settings);
    this.opened.set(id, opening);
    opening.catch(() => this.opened.delete(id));
    return opening;
  }

  /** The experiment of that name, if it was submitted and is still open. */
  find(id: string): Promise<OpenExperiment> | undefined {
    return this.opened.get(id);
  }

  isOpen(id: string): boolean {
    return this.opened.has(id);
  }

  /** Ends its workers; training that is under way is given up. */
  async close(id: string): Promise<void> {
    const opening = this.opened.get(id);
    this.opened.delete(id);
    const experiment = await opening?.catch(() => undefined);
    await experiment?.pool.close();
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all([...this.opened.keys()].map((id) => this.close(id)));
  }
}
