import { randomStream } from '#randomness';
import type { Dataset, Example } from '../dataset.ts';
import { DatasetsError } from '../datasets-error.ts';
import { byLabel } from './by-label.ts';
import type { ClientData } from './client-data.ts';
import { drawCuts, pieceSize } from './draw-cuts.ts';
import { drawPersonalTest } from './personal-test.ts';

export interface PartitionOptions {
  readonly seed: number;
  /** Clients, named client-0, client-1, … */
  readonly count: number;
  /** Concentration: 0.1 gives clients nearly one label each, 100 nearly the same mix; `iid` exactly the same. */
  readonly dirichletAlpha: number | 'iid';
  /** A draw that leaves any client with fewer training examples is thrown away, up to 100 times. Default 10. */
  readonly minimumExamples?: number | undefined;
  /**
   * Keeps clients near the same size, as FedLab and Flower do: who has its share already gets nothing of the labels that
   * follow, which makes those sparser than alpha says. Default false: sizes differ as the draw has it.
   */
  readonly balanced?: boolean | undefined;
  /** At most so many personal test examples a client. Default 400. */
  readonly personalTestLimit?: number | undefined;
}

const ATTEMPTS = 100;
const DEFAULT_MINIMUM_EXAMPLES = 10;
const DEFAULT_PERSONAL_TEST_LIMIT = 400;

/**
 * Deals the training set out to clients, every example to exactly one. For each label k a share p_k ~ Dir(alpha · 1) over
 * the *clients* is drawn and the label's shuffled examples are cut by it: FedLab's `hetero_dir_partition` without (by
 * default) its balancing. The same for a seed whatever the order of the rows.
 * Throws `data.partition` when the examples cannot, or in 100 draws did not, give everyone `minimumExamples`.
 */
export function partition(dataset: Dataset, options: PartitionOptions): ReadonlyMap<string, ClientData> {
  checkOptions(dataset, options);
  const { seed } = options;
  const { labels } = dataset;
  const limit = options.personalTestLimit ?? DEFAULT_PERSONAL_TEST_LIMIT;
  const available = byLabel(dataset.test, labels.length);
  const clients = dealTraining(dataset, options).map((share, index): [string, ClientData] => {
    const name = `client-${index}`;
    const train = randomStream(seed, 'partition.order', name).shuffle(share);
    return [name, { train, personalTest: drawPersonalTest(share, { seed, name, limit, labels, available }) }];
  });
  return new Map(clients);
}

function dealTraining(dataset: Dataset, options: PartitionOptions): Example[][] {
  const groups = byLabel(dataset.train, dataset.labels.length);
  const cuts = acceptedCuts(dataset, groups, options);
  const shares = Array.from({ length: options.count }, (): Example[] => []);
  for (const [label, examples] of groups.entries()) {
    const shuffled = randomStream(options.seed, 'partition.shuffle', dataset.labels[label] ?? '').shuffle(examples);
    for (const [client, share] of shares.entries()) {
      for (const example of shuffled.slice(cuts[label]?.[client], cuts[label]?.[client + 1])) share.push(example);
    }
  }
  return shares;
}

/** The first draw that leaves nobody with too little; examples are dealt only then. */
function acceptedCuts(dataset: Dataset, groups: readonly Example[][], options: PartitionOptions): number[][] {
  const labels = groups.map((group, label) => ({ name: dataset.labels[label] ?? '', size: group.length }));
  const minimum = options.minimumExamples ?? DEFAULT_MINIMUM_EXAMPLES;
  let best = { smallest: -1, client: 0 };
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const cuts = drawCuts(labels, { ...options, attempt });
    const sizes = Array.from({ length: options.count }, (_, client) =>
      cuts.reduce((sum, points) => sum + pieceSize(points, client), 0),
    );
    const smallest = sizes.reduce((least, size) => Math.min(least, size), Infinity);
    if (smallest >= minimum) return cuts;
    if (smallest > best.smallest) best = { smallest, client: sizes.indexOf(smallest) };
  }
  const has = best.smallest === 0 ? 'no data at all' : `only ${best.smallest} training examples`;
  throw new DatasetsError(
    'data.partition',
    `Dealing ${dataset.train.length} examples to ${options.count} clients with dirichletAlpha ${options.dirichletAlpha}: the best of ` +
      `${ATTEMPTS} draws leaves client-${best.client} with ${has}, and minimumExamples is ${minimum}. ` +
      'Raise dirichletAlpha, lower minimumExamples, take fewer clients or more data.',
  );
}

function checkOptions(
  dataset: Dataset,
  { count, dirichletAlpha, minimumExamples, personalTestLimit }: PartitionOptions,
): void {
  const minimum = minimumExamples ?? DEFAULT_MINIMUM_EXAMPLES;
  const problem =
    (!Number.isInteger(count) || count < 1
      ? `the number of clients is ${count}; it must be a whole number of at least 1`
      : undefined) ??
    (dirichletAlpha !== 'iid' && !(dirichletAlpha > 0)
      ? `dirichletAlpha is ${dirichletAlpha}; it must be greater than 0, or iid`
      : undefined) ??
    (!Number.isInteger(minimum) || minimum < 1
      ? `minimumExamples is ${minimum}; it must be a whole number of at least 1, for a client without data cannot train`
      : undefined) ??
    (personalTestLimit !== undefined && !(Number.isInteger(personalTestLimit) && personalTestLimit >= 1)
      ? `personalTestLimit is ${personalTestLimit}; it must be a whole number of at least 1`
      : undefined) ??
    (count * minimum > dataset.train.length
      ? `${count} clients of at least ${minimum} examples need ${count * minimum}, and there are ${dataset.train.length}; ` +
        'take fewer clients, lower minimumExamples or give more data'
      : undefined);
  if (problem !== undefined) throw new DatasetsError('data.partition', `Partition: ${problem}.`);
}
