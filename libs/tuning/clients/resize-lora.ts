import type { NamedTensors, Tensor } from '#parameters';

/** What fixes a LoRA beside its numbers: alpha/rank scales what it adds. */
export interface LoraSize {
  readonly rank: number;
  readonly alpha: number;
}

/**
 * A client's personal tensors once its LoRA has another shape. `initial` are those that a client of the new shape would
 * begin with; everything but LoRA is taken over as it is. Of a block that keeps its LoRA the strongest components stay
 * (component i is row i of `a` with column i of `b`, its strength |aᵢ|·|bᵢ|), in their old order, with `b` scaled so that what
 * they add is the same under the new alpha/rank. New components and new blocks begin as initial ones do and add nothing;
 * what a smaller rank or a dropped block had is gone.
 */
export function resizeLora(tensors: NamedTensors, from: LoraSize, to: LoraSize, initial: NamedTensors): NamedTensors {
  const resized = new Map<string, Tensor>();
  for (const [name, tensor] of initial) resized.set(name, tensors.get(name) ?? tensor);
  const factor = from.alpha / from.rank / (to.alpha / to.rank);
  for (const name of initial.keys()) {
    const [, pair] = /^(lora\..*)\.a$/.exec(name) ?? [];
    if (pair === undefined) continue;
    const [a, b] = [tensors.get(`${pair}.a`), tensors.get(`${pair}.b`)];
    const [newA, newB] = [initial.get(`${pair}.a`), initial.get(`${pair}.b`)];
    if (a === undefined || b === undefined || newA === undefined || newB === undefined) continue;
    const kept = strongest(a, b, from.rank, Math.min(from.rank, to.rank));
    resized.set(`${pair}.a`, withRows(newA, a, kept));
    resized.set(`${pair}.b`, withColumns(newB, b, kept, { from: from.rank, to: to.rank, factor }));
  }
  return resized;
}

/** The components of largest strength, ascending; of equal ones the first. */
function strongest(a: Tensor, b: Tensor, rank: number, count: number): number[] {
  const inputs = a.data.length / rank;
  const outputs = b.data.length / rank;
  const strengths = Array.from({ length: rank }, (_, i) => {
    let [rowSquare, columnSquare] = [0, 0];
    for (let j = 0; j < inputs; j += 1) rowSquare += (a.data[i * inputs + j] ?? 0) ** 2;
    for (let j = 0; j < outputs; j += 1) columnSquare += (b.data[j * rank + i] ?? 0) ** 2;
    return { i, strength: rowSquare * columnSquare };
  });
  const best = strengths.sort((left, right) => right.strength - left.strength || left.i - right.i).slice(0, count);
  return best.map(({ i }) => i).sort((left, right) => left - right);
}

function withRows(target: Tensor, source: Tensor, rows: readonly number[]): Tensor {
  const [, width = 1] = source.shape;
  const data = target.data.slice();
  for (const [place, row] of rows.entries())
    data.set(source.data.subarray(row * width, (row + 1) * width), place * width);
  return { shape: target.shape, data };
}

function withColumns(
  target: Tensor,
  source: Tensor,
  columns: readonly number[],
  { from, to, factor }: { readonly from: number; readonly to: number; readonly factor: number },
): Tensor {
  const data = target.data.slice();
  for (let row = 0; row < data.length / to; row += 1) {
    for (const [place, column] of columns.entries())
      data[row * to + place] = (source.data[row * from + column] ?? 0) * factor;
  }
  return { shape: target.shape, data };
}
