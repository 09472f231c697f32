import type { Clock, Publisher } from '#events';
import type { TrainerSettings } from './settings.ts';

/** What an experiment needs of its site: how it speaks, its secret that blinds digests, what it may open, and how long things take. */
export interface SiteVoice {
  readonly publisher: Publisher;
  readonly digestKey: Uint8Array;
  readonly settings: TrainerSettings;
  readonly clock: Clock;
}
