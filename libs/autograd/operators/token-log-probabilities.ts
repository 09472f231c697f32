import { dimAt, sameDim } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import { describeShape, GraphError } from '../graph-error.ts';
import type { Value } from '../value.ts';
import { either, eitherOf } from './either.ts';
import { gather } from './gather.ts';
import { matMul } from './matmul.ts';
import { mul } from './mul.ts';
import { pick } from './pick.ts';
import { reshape } from './reshape.ts';
import { softmax } from './softmax.ts';
import { sub } from './sub.ts';
import { zeros } from './zeros.ts';

/** Below it a probability counts as this: its logarithm, −85.2, stays finite, and the gradient is not touched. */
const LEAST_PROBABILITY = 1e-37;

export interface TokenRows {
  /** [rows, width]. */
  readonly states: Value;
  /** Frozen, [vocabulary, width]. */
  readonly table: Value;
  /** int64 [rows]. */
  readonly tokens: Value;
}

/** What a run gives, so that another one with the same states need not go through the table again. */
export interface TokenEstimate {
  /** [rows]. */
  readonly logProbabilities: Value;
  /** d logProbabilities / d states, [rows, width]. */
  readonly slopes: Value;
}

/** What a run has to do. */
export interface TokenRun {
  /** bool []: take `known` for what would be computed. */
  readonly reuse: Value;
  /** bool []: compute slopes; where it is false they are those of `known`. Never true where `reuse` is. */
  readonly slopesWanted: Value;
  readonly known: TokenEstimate;
}

/**
 * log softmax(states · tableᵀ / temperature) at one token a row, and its slopes: computed in the runs that want them, or all
 * of it taken from an earlier run of the very same states.
 *
 * Its own rule spares the passes over [rows, vocabulary] that a log-softmax and a pick would take back:
 * d logProbabilities / d states = (table[token] − softmax · table) / temperature.
 */
export function tokenLogProbabilities(
  g: GraphBuilder,
  rows: TokenRows,
  { reuse, slopesWanted, known }: TokenRun,
  temperature = 1,
): TokenEstimate {
  checkRows(rows);
  const { states, table, tokens } = rows;
  const [count, vocabulary] = [dimAt(states.shape, 0), dimAt(table.shape, 0)];
  const [probabilities] = eitherOf(
    g,
    reuse,
    () => [zeros(g, [0, vocabulary])],
    () => [softmax(g, matMul(g, states, table, { transB: true, alpha: 1 / temperature }))],
  ) as [Value];
  const slopes = either(
    g,
    slopesWanted,
    () => {
      const towards = sub(g, gather(g, table, tokens), matMul(g, probabilities, table));
      return temperature === 1 ? towards : mul(g, towards, g.scalar(1 / temperature));
    },
    () => known.slopes,
  );
  const logProbabilities = either(
    g,
    reuse,
    () => known.logProbabilities,
    () => {
      const chosen = reshape(g, pick(g, probabilities, reshape(g, tokens, [count, 1])), [count]);
      const inputs = [chosen, g.scalar(LEAST_PROBABILITY)];
      const floored = g.emitOne({ operator: 'Max', inputs, type: 'float32', shape: [count] });
      return g.emitOne({ operator: 'Log', inputs: [floored], type: 'float32', shape: [count] });
    },
    { differentiates: [states], gradient: ([dy]) => [() => dy && mul(g, slopes, reshape(g, dy, [count, 1]))] },
  );
  return { logProbabilities, slopes };
}

/** Throws GraphError `shape`, and `gradient` for a table that would need one. */
function checkRows({ states, table, tokens }: TokenRows): void {
  const fits =
    states.shape.length === 2 &&
    table.shape.length === 2 &&
    tokens.shape.length === 1 &&
    sameDim(dimAt(states.shape, 1), dimAt(table.shape, 1)) &&
    sameDim(dimAt(states.shape, 0), dimAt(tokens.shape, 0));
  if (!fits || tokens.type !== 'int64') {
    const found = [states, table, tokens].map(({ shape }) => describeShape(shape)).join(', ');
    throw new GraphError('shape', `Token log-probabilities: ${found} are not [n, w], [v, w] and int64 [n].`);
  }
  if (table.origin !== 'frozen')
    throw new GraphError('gradient', `Token log-probabilities: ${table.name} gets no gradient, so it must be frozen.`);
}
