import { probeInt8 } from '#autograd';
import { basePrecision, type ExperimentSpec } from '#contracts';
import { clientNames } from '#federation';
import type { BasePrecision } from '#language-models';
import { TrainerError } from './trainer-error.ts';

/** What this site computes an experiment's base in. */
export interface BasePrecisions {
  /** For one client, or as the spec says for all. */
  readonly of: (client?: string) => BasePrecision;
  /** What its user should know of that. */
  readonly notes: readonly string[];
}

/**
 * Tries 8-bit products on this processor when the experiment asks for them. Throws `trainer.int8-unsupported` when they come out wrong even
 * with weights of 7 bits: nothing is computed in another precision than was asked for. `probe` is for tests.
 */
export async function basePrecisions(spec: ExperimentSpec, probe = probeInt8): Promise<BasePrecisions> {
  const asked = [undefined, ...clientNames(spec.clients)].map((client) => basePrecision(spec, client));
  if (!asked.includes('int8')) return { of: () => 'fp32', notes: [] };
  const levels = await probe();
  if (levels === undefined)
    throw new TrainerError(
      'trainer.int8-unsupported',
      "base.precision: this site's processor does not multiply 8-bit numbers exactly; write `base: { precision: fp32 }`, or that in the profiles of the clients at this site.",
    );
  const int8 = levels === 127 ? 'int8' : 'int8-7-bit';
  return {
    of: (client) => (basePrecision(spec, client) === 'fp32' ? 'fp32' : int8),
    notes: levels === 127 ? [] : [SEVEN_BITS],
  };
}

const SEVEN_BITS =
  "a site's processor has no VNNI, and sums of 8-bit products saturate there: weights of its base have 7 bits, which costs a little accuracy";
