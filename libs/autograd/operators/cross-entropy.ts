import { dimAt, sameDim } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import { describeShape, GraphError } from '../graph-error.ts';
import type { Value } from '../value.ts';
import { compare } from './compare.ts';
import { div } from './div.ts';
import { logSoftmax } from './log-softmax.ts';
import { mul } from './mul.ts';
import { neg } from './neg.ts';
import { pick } from './pick.ts';
import { reduceSum } from './reduce-sum.ts';
import { requireFloat } from './require-float.ts';
import { reshape } from './reshape.ts';
import { where } from './where.ts';

/** PyTorch's value for labels that do not count. */
export const IGNORED_LABEL = -100;

/**
 * Mean negative log-likelihood of int64 labels [n] under logits [n, classes], over the rows whose label is not
 * `ignoreIndex`; 0 when there is none. Gradient: (softmax − onehot) / rows that count.
 */
export function crossEntropy(
  g: GraphBuilder,
  logits: Value,
  labels: Value,
  { ignoreIndex = IGNORED_LABEL }: { readonly ignoreIndex?: number } = {},
): Value {
  requireFloat('CrossEntropy', logits);
  const rows = dimAt(logits.shape, 0);
  const fits = logits.shape.length === 2 && labels.shape.length === 1 && sameDim(rows, dimAt(labels.shape, 0));
  if (!fits || labels.type !== 'int64') {
    const found = `logits ${describeShape(logits.shape)} and ${labels.type} labels ${describeShape(labels.shape)}`;
    throw new GraphError('shape', `CrossEntropy: ${found} are not [n, classes] and int64 [n].`);
  }
  const ignored = compare(g, 'Equal', labels, g.scalar(ignoreIndex, 'int64'));
  const column = reshape(g, where(g, ignored, g.scalar(0, 'int64'), labels), [rows, 1]);
  const counts = where(g, ignored, g.scalar(0), g.scalar(1));
  const atLeastOne = g.emitOne({
    operator: 'Max',
    inputs: [reduceSum(g, counts, [0]), g.scalar(1)],
    type: 'float32',
    shape: [],
  });
  const weights = reshape(g, div(g, counts, atLeastOne), [rows, 1]);
  return neg(g, reduceSum(g, mul(g, pick(g, logSoftmax(g, logits), column), weights), [0, 1]));
}
