import type { ExperimentSpec } from '#contracts';
import { ownIterations } from '#methods';
import { sitesIn } from '../../trainer/site-folders.ts';
import { readCompletions, type JudgedCompletion } from '../../trainer/read-completions.ts';
import { CliError } from '../cli-error.ts';
import { readScores, type ScoreLine } from '../history/scores.ts';
import type { Console } from '../progress/console.ts';
import type { CoordinatorAddress } from '../remote/coordinator-client.ts';
import type { Settings } from '../settings.ts';

export interface CompletionsOptions {
  readonly json: boolean;
  readonly client?: string;
  readonly round?: number;
}

/** A completion with what it earned: texts from the site's disk, scores from the record. */
export interface ShownCompletion {
  /** Which of those that were drawn together, from 0. */
  readonly place: number;
  readonly round: number;
  readonly iteration: number;
  readonly client: string;
  readonly prompt: string | null;
  readonly completion: string | null;
  readonly rewards: Readonly<
    Record<string, Pick<ScoreLine, 'model' | 'modelVersion' | 'raw' | 'standardised' | 'refused'>>
  >;
  /** Whether the texts of this machine are those of the record, by their keyed digests; null where it has none. */
  readonly proved: boolean | null;
}

/**
 * Prints completions with what they earned. Texts are at the sites of this work folder and nowhere else; each is checked
 * against the digests of the record. Resolves to whether all texts that are here are those of the record.
 */
export async function showCompletions(
  id: string,
  options: CompletionsOptions,
  settings: Settings,
  coordinator: CoordinatorAddress | undefined,
  console: Console,
): Promise<boolean> {
  const { spec, scores } = await readScores(id, options, settings, coordinator);
  if (scores.length === 0)
    throw new CliError(
      'show.no-completions',
      `The record has no scored completions of ${id} that fit; does its method learn from rewards?`,
    );
  const shown = joinCompletions(scores, await textsOf(settings.home, id));
  if (options.json) for (const line of shown) console.stdout.write(`${JSON.stringify(line)}\n`);
  else console.stdout.write(`${shown.map((one) => describe(one, spec)).join('\n\n')}\n\n`);
  const [proved, disproved] = [true, false].map((is) => shown.filter((one) => one.proved === is).length);
  if (!options.json) {
    const elsewhere = shown.length - (proved ?? 0) - (disproved ?? 0);
    console.stdout.write(
      `${shown.length} completions: ${proved ?? 0} proved by their digests, ${disproved ?? 0} not what the record has, ${elsewhere} with texts at another site\n`,
    );
  }
  return disproved === 0;
}

/** By request, in the order in which they were asked. */
export async function textsOf(
  home: string,
  id: string,
  only?: ReadonlySet<string>,
): Promise<ReadonlyMap<string, readonly JudgedCompletion[]>> {
  const sites = await sitesIn(home);
  const all = (await Promise.all(sites.map((site) => readCompletions(home, site, id, only)))).flat();
  return Map.groupBy(all, ({ request }) => request);
}

/** Scores with the texts that earned them, one a completion. */
export function joinCompletions(
  scores: readonly ScoreLine[],
  texts: ReadonlyMap<string, readonly JudgedCompletion[]>,
): readonly ShownCompletion[] {
  const firsts = new Map<string, number>();
  for (const { request, place } of scores) firsts.set(request, Math.min(place, firsts.get(request) ?? Infinity));
  const completions = Map.groupBy(scores, (score) =>
    JSON.stringify([
      score.round,
      score.client,
      score.iteration,
      score.place,
      score.promptDigest,
      score.completionDigest,
    ]),
  );
  return [...completions.values()].map((components): ShownCompletion => {
    const [first] = components as [ScoreLine];
    const known = components.flatMap(
      ({ request, place }) => texts.get(request)?.[place - (firsts.get(request) ?? 0)] ?? [],
    );
    const isProved = (text: JudgedCompletion): boolean =>
      text.promptDigest === first.promptDigest && text.completionDigest === first.completionDigest;
    const text = known.find(isProved) ?? known[0];
    return {
      place: first.place,
      round: first.round,
      iteration: first.iteration,
      client: first.client,
      prompt: text?.prompt ?? null,
      completion: text?.completion ?? null,
      rewards: Object.fromEntries(
        components.map(({ reward, model, modelVersion, raw, standardised, refused }) => [
          reward,
          { model, modelVersion, raw, standardised, refused },
        ]),
      ),
      proved: text === undefined ? null : known.every(isProved),
    };
  });
}

/** What was drawn when: iterations are those of a round, after the last one those by which a client tunes for itself. */
function occasionOf({ round, iteration }: ShownCompletion, spec: ExperimentSpec): string {
  if (iteration === 0) return 'evaluation';
  if (round <= spec.rounds) return `iteration ${iteration}`;
  return iteration > ownIterations(spec) ? 'evaluation of its own decoder' : `iteration ${iteration} for itself`;
}

function describe(shown: ShownCompletion, spec: ExperimentSpec): string {
  const { round, client, prompt, completion, rewards, proved } = shown;
  const when = occasionOf(shown, spec);
  const earned = Object.entries(rewards).map(
    ([reward, { standardised, refused }]) =>
      `${reward} ${standardised?.toFixed(3) ?? '–'}${refused === null ? '' : ` (${refused})`}`,
  );
  const head = `round ${round} · ${client} · ${when} · ${earned.join(' · ')}`;
  if (proved === null) return `${head}\n  (texts at another site)`;
  const mark = proved ? '' : '  NOT WHAT THE RECORD HAS: the digests differ\n';
  return `${head}\n${mark}  ${oneLine(prompt)}\n  → ${oneLine(completion)}`;
}

/** Control characters of what a model wrote do not reach the terminal. */
function oneLine(text: string | null): string {
  // eslint-disable-next-line no-control-regex
  return (text ?? '').replace(/\s+/g, ' ').replace(/[\u0000-\u001f\u007f-\u009f]/g, '\uFFFD');
}
