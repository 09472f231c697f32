import { ownIterations } from '#methods';
import type { RoundPurpose } from './round.ts';

/** The fields of a spec that say which models clients report on. */
interface ArmsSpec {
  readonly method: string;
  readonly ppo: { readonly ownIterations?: number | undefined };
  readonly baselines: readonly 'local-only'[];
}

/**
 * The models that each client reports on in a round: on the way what it holds once the download has arrived; at the end also
 * those of the baselines, and what it tuned for itself.
 */
export function evaluatedArms(spec: ArmsSpec, purpose: RoundPurpose): readonly ('federated' | 'own' | 'local-only')[] {
  if (purpose === 'training') return ['federated'];
  return ['federated', ...spec.baselines, ...(ownIterations(spec) > 0 ? (['own'] as const) : [])];
}
