import { askedIn } from '#datasets';
import { type ExperimentRecord, pageOfScores } from '#storage';
import type { ScoreLine } from '../history/scores.ts';
import type { ComparedCompletion } from '../progress/run-figures.ts';
import { joinCompletions, textsOf, type ShownCompletion } from './show-completions.ts';

/** A few say enough beside the figures; `airtune show --completions` has all. */
const SHOWN = 4;
const MOST_SCORES = 2000;

/**
 * What a client answered to the same held-out instructions before training and at the end, with what it earned. Texts are read
 * at the sites of this work folder; none where they lie elsewhere, or where the method learns from no rewards.
 */
export async function compareCompletions(
  record: ExperimentRecord,
  home: string,
  experiment: { readonly id: string; readonly rounds: number; readonly client: string },
): Promise<readonly ComparedCompletion[]> {
  const { id, rounds, client } = experiment;
  const evaluationOf = async (round: number): Promise<readonly ScoreLine[]> => {
    const page = await record.use((db) => pageOfScores(db, id, { round, client, offset: 0, limit: MOST_SCORES }));
    return (JSON.parse(JSON.stringify(page)) as ScoreLine[]).filter(({ iteration }) => iteration === 0);
  };
  const [before, after] = [await evaluationOf(1), await evaluationOf(rounds + 1)];
  if (before.length === 0 || after.length === 0) return [];
  const texts = await textsOf(home, id, new Set([...before, ...after].map(({ request }) => request)));
  const last = new Map(joinCompletions(after, texts).map((completion) => [completion.place, completion]));
  return joinCompletions(before, texts)
    .flatMap((first): ComparedCompletion[] => {
      const then = last.get(first.place);
      if (first.prompt === null || then?.prompt !== first.prompt) return [];
      return [{ client, instruction: askedIn(first.prompt), before: answerOf(first), after: answerOf(then) }];
    })
    .slice(0, SHOWN);
}

function answerOf({ completion, rewards }: ShownCompletion): ComparedCompletion['before'] {
  const scores = Object.entries(rewards).flatMap(([name, { standardised }]) =>
    standardised === null ? [] : [[name, standardised] as const],
  );
  return { text: (completion ?? '').trim(), rewards: Object.fromEntries(scores) };
}
