import { dirichlet, randomStream } from '#randomness';

export interface DrawOptions {
  readonly seed: number;
  readonly count: number;
  readonly dirichletAlpha: number | 'iid';
  readonly balanced?: boolean | undefined;
  /** Which draw this is; a rejected one is followed by the next. */
  readonly attempt: number;
}

export interface LabelSize {
  readonly name: string;
  readonly size: number;
}

/** For each label, count + 1 points at which its examples are cut for the clients. Streams are keyed by the label's name. */
export function drawCuts(labels: readonly LabelSize[], options: DrawOptions): number[][] {
  const sizes = new Array<number>(options.count).fill(0);
  const fair = labels.reduce((sum, { size }) => sum + size, 0) / options.count;
  return labels.map(({ name, size }) => {
    const drawn = drawProportions(options, name);
    const cuts = cutPoints(options.balanced === true ? balance(drawn, sizes, fair) : drawn, size);
    for (const client of sizes.keys()) sizes[client] = (sizes[client] ?? 0) + pieceSize(cuts, client);
    return cuts;
  });
}

/** The label's shares over the clients: Dir(alpha · 1), E p = 1/K, Var p = (K − 1)/(K²(Kα + 1)). */
export function drawProportions({ seed, count, dirichletAlpha, attempt }: DrawOptions, label: string): number[] {
  if (dirichletAlpha === 'iid' || dirichletAlpha === Infinity) return new Array<number>(count).fill(1 / count);
  return dirichlet(randomStream(seed, 'partition.proportions', attempt, label), dirichletAlpha, count);
}

export function pieceSize(cuts: readonly number[], client: number): number {
  return (cuts[client + 1] ?? 0) - (cuts[client] ?? 0);
}

/** FedLab's rule: nothing more for those who have N/K already. */
function balance(proportions: readonly number[], sizes: readonly number[], fair: number): readonly number[] {
  const kept = proportions.map((p, client) => ((sizes[client] ?? 0) < fair ? p : 0));
  const total = kept.reduce((sum, p) => sum + p, 0);
  return total > 0 ? kept.map((p) => p / total) : proportions;
}

/** floor(cumulative share · n), the last one n whatever the rounding. */
function cutPoints(proportions: readonly number[], n: number): number[] {
  const cuts = [0];
  let cumulative = 0;
  for (const p of proportions) {
    cumulative += p;
    cuts.push(Math.min(n, Math.floor(cumulative * n)));
  }
  cuts[proportions.length] = n;
  return cuts;
}
