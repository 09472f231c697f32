import type { ChannelFamily, KeptChannels } from '#parameters';
import { randomStream } from '#randomness';
import { nextKlCoefficient, type KlTarget } from '../numerics/kl-coefficient.ts';
import type { Moments } from '../../workers/tuning-messages.ts';
import type { UpdateFigures, UpdateSettings } from '../learner/update-policy.ts';
import type { PolicyPool } from '../workers/ppo-pool.ts';
import { judge, type RewardWeights } from './weigh-rewards.ts';
import type { RewardScorer } from './reward-scorer.ts';

export interface PpoRoundSettings extends RewardWeights {
  readonly seed: number;
  readonly client: string;
  readonly round: number;
  readonly iterations: number;
  /** Completions an iteration. */
  readonly rollouts: number;
  readonly maxNewTokens: number;
  readonly maxPromptTokens: number;
  readonly klReference: 'base' | 'round-start';
  readonly klTarget?: KlTarget | undefined;
  /** `firstStep` of the round's first update; the following ones go on from it. */
  readonly update: UpdateSettings;
}

/** What an iteration drew, what that was worth, and what was learned from it. */
export interface IterationFigures extends UpdateFigures {
  readonly iteration: number;
  /** Mean of each reward, by its name. */
  readonly rewards: Readonly<Record<string, number>>;
  /** Mean of the client's own weighted reward, without the distance, which is a column of its own. */
  readonly weighted: number;
  readonly klCoefficient: number;
  readonly completions: number;
  readonly tokens: number;
  readonly ended: number;
  readonly emptyCompletions: number;
  readonly limitedScores: number;
  readonly tooLongPrompts: number;
}

export type PpoRoundResult =
  | {
      readonly outcome: 'trained';
      readonly tuned: Uint8Array;
      readonly valueHead: Uint8Array;
      readonly iterations: readonly IterationFigures[];
      /** Why the round ended before its last iteration. */
      readonly endedEarly?: string;
    }
  | { readonly outcome: 'stopped'; readonly reason: 'kl-limit' | 'loss-not-finite'; readonly message: string };

export interface PpoRoundStart {
  readonly tuned: Uint8Array;
  readonly valueHead: Uint8Array;
  /** The client's own training prompts. */
  readonly prompts: readonly string[];
  readonly sparse?: { readonly families: readonly ChannelFamily[]; readonly kept: KeptChannels } | undefined;
}

/**
 * A client's round of PPO: some iterations of drawing completions, asking what they are worth, and one update. An iteration
 * that finds the policy beyond the KL limit is undone: the round ends with what the policy was before its last update.
 * Rejects as the scorer does; nothing of the round is kept then.
 */
export async function tuneByPpo(
  pool: PolicyPool,
  scorer: RewardScorer,
  start: PpoRoundStart,
  settings: PpoRoundSettings,
  onIteration: (figures: IterationFigures) => void = () => undefined,
): Promise<PpoRoundResult> {
  const { seed, client, round, rollouts: count } = settings;
  let { tuned, valueHead } = start;
  let before = { tuned, valueHead };
  let moments: Moments | undefined;
  let { klCoefficient } = settings.update;
  const iterations: IterationFigures[] = [];
  for (let iteration = 1; iteration <= settings.iterations; iteration++) {
    const { rollouts, tooLong } = await pool.rollout({
      tuned: tuned.slice(),
      prompts: promptsFor(start.prompts, count, settings, iteration),
      count,
      maxNewTokens: settings.maxNewTokens,
      maxPromptTokens: settings.maxPromptTokens,
      stream: { seed, purpose: 'ppo.sample', coordinates: [client, round, iteration] },
    });
    const judged = await judge(scorer, { client, round, iteration }, rollouts, settings);
    const answer = await pool.update({
      parts: [tuned.slice(), valueHead.slice()],
      global: start.tuned.slice(),
      klReference: settings.klReference,
      completions: rollouts.map(({ prompt, ids }) => ({ prompt, ids })),
      scores: judged.weighted,
      settings: {
        ...settings.update,
        klCoefficient,
        firstStep: settings.update.firstStep + iterations.reduce((sum, { steps }) => sum + steps, 0),
      },
      ...(start.sparse === undefined ? {} : { sparse: { ...start.sparse, kept: [...start.sparse.kept] } }),
      ...(moments === undefined ? {} : { moments }),
    });
    if (answer.outcome === 'stopped') {
      const { reason, message } = answer;
      if (reason === 'kl-limit' && iterations.length > 0)
        return { outcome: 'trained', ...before, iterations, endedEarly: `Iteration ${iteration}: ${message}.` };
      return { outcome: 'stopped', reason, message: `Iteration ${iteration}: ${message}.` };
    }
    before = { tuned, valueHead };
    [tuned, valueHead] = answer.parts as [Uint8Array, Uint8Array];
    moments = answer.moments;
    const figures: IterationFigures = {
      ...answer.figures,
      iteration,
      rewards: judged.means,
      weighted: judged.weighted.reduce((sum, score) => sum + score, 0) / rollouts.length,
      klCoefficient,
      completions: rollouts.length,
      tokens: rollouts.reduce((sum, { ids }) => sum + ids.length, 0),
      ended: rollouts.filter(({ ended }) => ended).length,
      emptyCompletions: judged.emptyCompletions,
      limitedScores: judged.limitedScores,
      tooLongPrompts: tooLong,
    };
    iterations.push(figures);
    onIteration(figures);
    if (settings.klTarget !== undefined)
      klCoefficient = nextKlCoefficient(klCoefficient, answer.figures.kl, rollouts.length, settings.klTarget);
  }
  return { outcome: 'trained', tuned, valueHead, iterations };
}

/** Four times as many prompts as are wanted, some of which may be too long; over and over where the client has fewer. */
function promptsFor(
  prompts: readonly string[],
  count: number,
  { seed, client, round }: PpoRoundSettings,
  iteration: number,
): string[] {
  const stream = randomStream(seed, 'ppo.prompts', client, round, iteration);
  const wanted = Math.max(count, Math.min(4 * count, prompts.length));
  const chosen: string[] = [];
  while (prompts.length > 0 && chosen.length < wanted) chosen.push(...stream.shuffle(prompts));
  return chosen.slice(0, wanted);
}
