import type { ExperimentSpec } from '#contracts';
import { findExperiment, pageOfScores, type Score } from '#storage';
import type { Json } from '../../coordinator/rest/as-json.ts';
import { CoordinatorClient, type CoordinatorAddress } from '../remote/coordinator-client.ts';
import type { Settings } from '../settings.ts';
import { asWritten, inRecord } from './in-record.ts';

export type ScoreLine = Json<Score>;

/** Which of an experiment's scores are wanted. */
export interface WantedScores {
  readonly round?: number;
  readonly client?: string;
}

/** What completions of an experiment earned, and by which spec. */
export interface ScoredExperiment {
  readonly spec: ExperimentSpec;
  readonly scores: readonly ScoreLine[];
}

const PAGE = 10_000;

/** Reads scores of this machine's record, or of a coordinator elsewhere. */
export async function readScores(
  id: string,
  { round, client }: WantedScores,
  settings: Settings,
  coordinator: CoordinatorAddress | undefined,
): Promise<ScoredExperiment> {
  if (coordinator !== undefined) {
    const there = new CoordinatorClient(coordinator);
    const spec = (await there.show(id)).spec as ExperimentSpec;
    return { spec, scores: await inPages((offset) => there.scores(id, { round, client, offset, limit: PAGE })) };
  }
  return inRecord(settings, async (record) => {
    const { spec } = await record.use((db) => findExperiment(db, id));
    const scores = await inPages(async (offset) => {
      return asWritten(await record.use((db) => pageOfScores(db, id, { round, client, offset, limit: PAGE })));
    });
    return { spec: spec as ExperimentSpec, scores };
  });
}

async function inPages(read: (offset: number) => Promise<readonly ScoreLine[]>): Promise<readonly ScoreLine[]> {
  const all: ScoreLine[] = [];
  for (;;) {
    const page = await read(all.length);
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}
