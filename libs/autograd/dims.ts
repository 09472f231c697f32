import { describeShape, GraphError } from './graph-error.ts';
import type { Dim } from './value.ts';

/** A dimension as coefficient and sorted symbols: 12*batch*sequence is { 12, [batch, sequence] }. */
export function factorsOf(dim: Dim): { coefficient: number; symbols: string[] } {
  if (typeof dim === 'number') return { coefficient: dim, symbols: [] };
  let coefficient = 1;
  const symbols: string[] = [];
  for (const part of dim.split('*')) {
    if (/^\d+$/.test(part)) coefficient *= Number(part);
    else symbols.push(part);
  }
  return { coefficient, symbols: symbols.sort() };
}

/** Product of dimensions in a canonical spelling, so that equal products compare equal. */
export function productOf(dims: readonly Dim[]): Dim {
  let coefficient = 1;
  const symbols: string[] = [];
  for (const dim of dims) {
    const factors = factorsOf(dim);
    coefficient *= factors.coefficient;
    symbols.push(...factors.symbols);
  }
  if (symbols.length === 0 || coefficient === 0) return coefficient;
  const product = symbols.sort().join('*');
  return coefficient === 1 ? product : `${String(coefficient)}*${product}`;
}

export function sameDim(a: Dim, b: Dim): boolean {
  return a === b || productOf([a]) === productOf([b]);
}

export function sameShape(a: readonly Dim[], b: readonly Dim[]): boolean {
  return a.length === b.length && a.every((dim, i) => sameDim(dim, dimAt(b, i)));
}

/** The dimension on `axis`, negative counted from the end. */
export function dimAt(shape: readonly Dim[], axis: number): Dim {
  const dim = shape.at(axis);
  if (dim === undefined || axis >= shape.length) {
    throw new GraphError('axis', `A tensor of shape ${describeShape(shape)} has no axis ${String(axis)}.`);
  }
  return dim;
}

/** Axis counted from the front. */
export function positiveAxis(operator: string, shape: readonly Dim[], axis: number): number {
  const positive = axis < 0 ? axis + shape.length : axis;
  if (positive < 0 || positive >= shape.length) {
    throw new GraphError('axis', `${operator}: a tensor of shape ${describeShape(shape)} has no axis ${String(axis)}.`);
  }
  return positive;
}

/** Numpy's broadcasting; a symbolic dimension only meets itself or 1. */
export function broadcastShapes(operator: string, a: readonly Dim[], b: readonly Dim[]): Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i): Dim => {
    const left = a[i - rank + a.length] ?? 1;
    const right = b[i - rank + b.length] ?? 1;
    if (left === 1) return right;
    if (right === 1 || sameDim(left, right)) return left;
    throw new GraphError('shape', `${operator}: ${describeShape(a)} and ${describeShape(b)} do not broadcast.`);
  });
}
