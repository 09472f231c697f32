import { resolve } from 'node:path';
import { experimentSpec, type ExperimentSpec } from '#contracts';
import type { Fault } from './moments.ts';

/** A spec in which a contract is bound to occur. */
export type ScenarioName = 'plain' | 'lossy' | 'withheld' | 'refused';

const MODEL = resolve(import.meta.dirname, '../../models/tiny-encoder');

function spec(changes: object): ExperimentSpec {
  return experimentSpec.parse({
    name: 'fault',
    method: 'pftt',
    seed: 3,
    rounds: 2,
    model: MODEL,
    data: { source: 'wordnet-topics', topics: ['animal', 'food', 'person'], limit: 120 },
    clients: { count: 3, partition: { minimumExamples: 5 } },
    training: { steps: 1, batchSize: 4, learningRate: 5e-3, maxTokens: 16 },
    adapters: { width: 4 },
    lora: { rank: 1, alpha: 2, blocks: 1 },
    evaluation: { personalExamples: 6, generalExamples: 6 },
    link: { deadlineMs: 60_000 },
    ...changes,
  });
}

/** Small, and real in every part. */
export const scenarios: Readonly<Record<ScenarioName, ExperimentSpec>> = {
  plain: spec({}),
  // Downloads and uploads are lost in both directions, and a round in which not all arrive is abandoned.
  lossy: spec({ link: { deadlineMs: 80 }, aggregation: { minContributions: 3 }, rounds: 3 }),
  // Steps so wide that the loss is no number any more.
  withheld: spec({
    training: { steps: 6, batchSize: 4, learningRate: 10, maxTokens: 16, optimiser: 'sgd', clipNorm: 1e6 },
  }),
  refused: spec({ data: { source: 'csv', train: resolve(import.meta.dirname, 'no-such-file.csv') } }),
};

const OCCURS_IN: Readonly<Record<string, ScenarioName>> = {
  'download.lost': 'lossy',
  'upload.lost': 'lossy',
  'round.abandoned': 'lossy',
  'upload.withheld': 'withheld',
  'enrolment.refused': 'refused',
  'experiment.failed': 'refused',
};

export function scenarioOf({ contract }: Pick<Fault, 'contract'>): ScenarioName {
  return OCCURS_IN[contract] ?? 'plain';
}
