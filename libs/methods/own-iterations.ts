import { methodNamed } from './catalogue.ts';

/** The fields of a spec that say whether clients tune for themselves at the end. Experiments from before there was such a thing do not. */
interface ClosingSpec {
  readonly method: string;
  readonly ppo: { readonly ownIterations?: number | undefined };
}

/** Iterations by which each client tunes for itself after the last download; 0 where the method does not, or the spec says so. */
export function ownIterations({ method, ppo }: ClosingSpec): number {
  return methodNamed(method).learner === 'ppo' ? (ppo.ownIterations ?? 0) : 0;
}
