import type { Publisher } from '#events';
import type { TrainerSettings } from './settings.ts';

/** What a learner needs of its site to ask others: how it speaks, its secret that blinds digests, and what it may open. */
export interface SiteVoice {
  readonly publisher: Publisher;
  readonly digestKey: Uint8Array;
  readonly settings: TrainerSettings;
}
