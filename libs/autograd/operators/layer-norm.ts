import { dimAt, sameDim } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import { describeShape, GraphError } from '../graph-error.ts';
import type { Value } from '../value.ts';
import { add } from './add.ts';
import { mul } from './mul.ts';
import { reduceMean } from './reduce-mean.ts';
import { requireFloat } from './require-float.ts';
import { sub } from './sub.ts';
import { sumToShape } from './sum-to-shape.ts';

export interface Scale {
  readonly weight: Value;
  readonly bias: Value;
  readonly epsilon: number;
}

/** Normalises the last axis, then scales and shifts: x [.., n], weight and bias [n]. */
export function layerNorm(g: GraphBuilder, x: Value, scale: Scale): Value {
  checkScale('LayerNorm', x, scale);
  const statistics = [...x.shape.slice(0, -1), 1];
  const [y, mean, inverse] = g.emit({
    operator: 'LayerNormalization',
    inputs: [x, scale.weight, scale.bias],
    attributes: { axis: { int: -1 }, epsilon: { float: scale.epsilon } },
    outputs: [x.shape, statistics, statistics].map((shape) => ({ type: 'float32', shape })),
    gradient: ([dy]) => {
      const rule = dy && layerNormGradient(g, dy, { x, mean: present(mean), inverse: present(inverse) }, scale);
      return rule === undefined ? [] : [rule.x, rule.weight, rule.bias];
    },
  });
  return present(y);
}

interface Saved {
  readonly x: Value;
  readonly mean: Value;
  readonly inverse: Value;
}

/**
 * With x̂ = (x − mean)·inv and d = dy·w: dx = inv (d − mean(d) − x̂ mean(d x̂)), dw = Σ dy x̂, db = Σ dy. Written as
 * inv (d − k·x + c) with two numbers a row, k = inv² (mean(d x) − mean · mean(d)) and c = k·mean − mean(d), it takes six
 * passes over the tensor where the formula as it stands takes eight.
 */
function layerNormGradient(g: GraphBuilder, dy: Value, { x, mean, inverse }: Saved, { weight, bias }: Scale) {
  const average = (value: Value): Value => reduceMean(g, value, [-1], { keepDims: true });
  return {
    x: (): Value => {
      const d = mul(g, dy, weight);
      const meanD = average(d);
      const covariance = sub(g, average(mul(g, d, x)), mul(g, mean, meanD));
      const k = mul(g, mul(g, inverse, inverse), covariance);
      const c = sub(g, mul(g, k, mean), meanD);
      return mul(g, add(g, sub(g, d, mul(g, x, k)), c), inverse);
    },
    weight: (): Value => sumToShape(g, mul(g, dy, mul(g, sub(g, x, mean), inverse)), weight.shape),
    bias: (): Value => sumToShape(g, dy, bias.shape),
  };
}

function checkScale(operator: string, x: Value, { weight, bias }: Scale): void {
  requireFloat(operator, x, weight, bias);
  for (const parameter of [weight, bias]) {
    if (parameter.shape.length !== 1 || !sameDim(dimAt(parameter.shape, 0), dimAt(x.shape, -1))) {
      const found = `${parameter.name} has shape ${describeShape(parameter.shape)}`;
      throw new GraphError('shape', `${operator}: ${found}, the input ${describeShape(x.shape)}.`);
    }
  }
}

function present(value: Value | undefined): Value {
  if (value === undefined) throw new GraphError('node', 'A layer norm lacks an output.');
  return value;
}
