import { availableParallelism } from 'node:os';
import { probeInt8, timeInt8 } from '#autograd';
import { basePrecision, type ExperimentSpec } from '#contracts';
import { int8Of, LEVELS, readDecoderConfig, readEncoderConfig, type BasePrecision } from '#language-models';
import { methodNamed } from '#methods';
import type { SiteVoice } from './site-voice.ts';
import { TrainerError } from './trainer-error.ts';

/** What this site computes an experiment's base in. */
export interface BasePrecisions {
  /** For one client, or as the spec says for all. */
  readonly of: (client?: string) => BasePrecision;
  /** What its user should know of that. */
  readonly notes: readonly string[];
}

/**
 * Tries 8-bit products on this processor when the experiment asks for them for a client of this site, and times them for its user. Throws
 * `trainer.int8-unsupported` when they come out wrong even with weights of 7 bits: nothing is computed in another precision than was asked
 * for. `probe` is for tests.
 */
export async function basePrecisions(
  spec: ExperimentSpec,
  modelFolder: string,
  { settings, clock }: Pick<SiteVoice, 'settings' | 'clock'>,
  probe = probeInt8,
): Promise<BasePrecisions> {
  const isAsked = settings.hosted(spec.clients).some((client) => basePrecision(spec, client) === 'int8');
  if (!isAsked) return { of: () => 'fp32', notes: [] };
  const levels = await probe();
  if (levels === undefined)
    throw new TrainerError(
      'trainer.int8-unsupported',
      "base.precision: this site's processor does not multiply 8-bit numbers exactly; write `base: { precision: fp32 }`, or that in the profiles of the clients at this site.",
    );
  const { base } = methodNamed(spec.method);
  const { hidden, intermediate } = await (base === 'decoder' ? readDecoderConfig : readEncoderConfig)(modelFolder);
  const threads = Math.max(1, Math.floor((settings.threads ?? availableParallelism()) / spec.training.parallel));
  const { fp32Ms, int8Ms } = await timeInt8(
    { in: hidden, out: intermediate },
    { levels, threads, nowMs: () => clock.elapsedMs() },
  );
  const int8 = int8Of(levels);
  return {
    of: (client) => (basePrecision(spec, client) === 'fp32' ? 'fp32' : int8),
    notes: [...(levels === LEVELS.int8 ? [] : [SEVEN_BITS]), describeSpeed(settings.site, fp32Ms / int8Ms)],
  };
}

const SEVEN_BITS =
  "sums of 8-bit products saturate on a site's processor: weights of its base have 7 bits, which costs a little accuracy";

function describeSpeed(site: string, factor: number): string {
  const times = `${factor.toPrecision(2)} x as fast`;
  return factor < 1
    ? `site ${site}: products with the base are slower in int8 than in fp32 on its processor, ${times} (measured); for speed write \`base: { precision: fp32 }\``
    : `site ${site}: products with the base are ${times} in int8 as in fp32 on its processor (measured)`;
}
