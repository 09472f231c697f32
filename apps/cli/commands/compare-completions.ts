import type { ExperimentSpec } from '#contracts';
import { askedIn } from '#datasets';
import { ownIterations } from '#methods';
import { type ExperimentRecord, pageOfScores } from '#storage';
import { asWritten } from '../history/in-record.ts';
import type { ScoreLine } from '../history/scores.ts';
import type { ComparedCompletion } from '../progress/run-figures.ts';
import { joinCompletions, textsOf, type ShownCompletion } from './show-completions.ts';

/** A few say enough beside the figures; `airtune show --completions` has all. */
const SHOWN = 4;
const MOST_SCORES = 2000;

/**
 * What a client answered to the same held-out instructions before training, at the end and by its own decoder, with what it
 * earned. Texts are read at the sites of this work folder; none where they lie elsewhere, or where the method learns from no
 * rewards.
 */
export async function compareCompletions(
  record: ExperimentRecord,
  home: string,
  experiment: { readonly id: string; readonly spec: ExperimentSpec; readonly client: string },
): Promise<readonly ComparedCompletion[]> {
  const { id, spec, client } = experiment;
  const scoresOf = async (round: number, iteration: number): Promise<readonly ScoreLine[]> => {
    const page = { round, client, iteration, offset: 0, limit: MOST_SCORES };
    return asWritten(await record.use((db) => pageOfScores(db, id, page)));
  };
  const last = spec.rounds + 1;
  const iterations = ownIterations(spec);
  const [before, after] = [await scoresOf(1, 0), await scoresOf(last, 0)];
  // There are none of a client that did not tune for itself.
  const own = iterations === 0 ? [] : await scoresOf(last, iterations + 1);
  if (before.length === 0 || after.length === 0) return [];
  const texts = await textsOf(home, id, new Set([...before, ...after, ...own].map(({ request }) => request)));
  const byPlace = (scores: readonly ScoreLine[]) =>
    new Map(joinCompletions(scores, texts).map((completion) => [completion.place, completion]));
  const [shared, ownAnswers] = [byPlace(after), byPlace(own)];
  return joinCompletions(before, texts)
    .flatMap((first): ComparedCompletion[] => {
      const then = shared.get(first.place);
      if (first.prompt === null || then?.prompt !== first.prompt) return [];
      const ownAnswer = ownAnswers.get(first.place);
      return [
        {
          client,
          instruction: askedIn(first.prompt),
          before: answerOf(first),
          after: answerOf(then),
          ...(ownAnswer?.prompt === first.prompt ? { own: answerOf(ownAnswer) } : {}),
        },
      ];
    })
    .slice(0, SHOWN);
}

function answerOf({ completion, rewards }: ShownCompletion): ComparedCompletion['before'] {
  const scores = Object.entries(rewards).flatMap(([name, { standardised }]) =>
    standardised === null ? [] : [[name, standardised] as const],
  );
  return { text: (completion ?? '').trim(), rewards: Object.fromEntries(scores) };
}
