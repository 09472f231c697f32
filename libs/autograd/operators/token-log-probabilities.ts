import { dimAt, sameDim } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import { describeShape, GraphError } from '../graph-error.ts';
import type { Value } from '../value.ts';
import { gather } from './gather.ts';
import { matMul } from './matmul.ts';
import { mul } from './mul.ts';
import { pick } from './pick.ts';
import { reshape } from './reshape.ts';
import { softmax } from './softmax.ts';
import { sub } from './sub.ts';

/** Below it a probability counts as this: its logarithm, −85.2, stays finite, and the gradient is not touched. */
const LEAST_PROBABILITY = 1e-37;

/**
 * log softmax(states · tableᵀ / temperature) at one token a row: states [rows, width], a frozen table [vocabulary, width],
 * int64 tokens [rows]; gives [rows].
 *
 * Its own rule spares the passes over [rows, vocabulary] that a log-softmax and a pick would take back:
 * d states = (table[token] − softmax · table) · dy / temperature.
 */
export function tokenLogProbabilities(
  g: GraphBuilder,
  { states, table, tokens }: { readonly states: Value; readonly table: Value; readonly tokens: Value },
  temperature = 1,
): Value {
  const rows = dimAt(states.shape, 0);
  const fits =
    states.shape.length === 2 &&
    table.shape.length === 2 &&
    tokens.shape.length === 1 &&
    sameDim(dimAt(states.shape, 1), dimAt(table.shape, 1)) &&
    sameDim(rows, dimAt(tokens.shape, 0));
  if (!fits || tokens.type !== 'int64') {
    const found = [states, table, tokens].map(({ shape }) => describeShape(shape)).join(', ');
    throw new GraphError('shape', `Token log-probabilities: ${found} are not [n, w], [v, w] and int64 [n].`);
  }
  if (table.origin !== 'frozen')
    throw new GraphError('gradient', `Token log-probabilities: ${table.name} gets no gradient, so it must be frozen.`);
  const probabilities = softmax(g, matMul(g, states, table, { transB: true, alpha: 1 / temperature }));
  const chosen = reshape(g, pick(g, probabilities, reshape(g, tokens, [rows, 1])), [rows]);
  const floored = g.emitOne({
    operator: 'Max',
    inputs: [chosen, g.scalar(LEAST_PROBABILITY)],
    type: 'float32',
    shape: [rows],
  });
  return g.emitOne({
    operator: 'Log',
    inputs: [floored],
    type: 'float32',
    shape: [rows],
    differentiates: [states],
    gradient: ([dy]) => [
      () => {
        if (dy === undefined) return undefined;
        const towards = sub(g, gather(g, table, tokens), matMul(g, probabilities, table));
        return mul(g, towards, reshape(g, mul(g, dy, g.scalar(1 / temperature)), [rows, 1]));
      },
    ],
  });
}
