import { adamW } from './adamw.ts';
import type { Optimiser } from './optimiser.ts';
import { sgd } from './sgd.ts';

/** The optimiser of a spec. */
export interface OptimiserChoice {
  readonly optimiser: 'adamw' | 'sgd';
  readonly weightDecay: number;
}

export function chooseOptimiser({ optimiser, weightDecay }: OptimiserChoice): Optimiser {
  return optimiser === 'adamw' ? adamW({ weightDecay }) : sgd({ weightDecay });
}
