import type { NamedTensors } from '#parameters';

/** ‖left − right‖² over the tensors of `left`, in double precision. */
export function squaredDistance(left: NamedTensors, right: NamedTensors): number {
  let total = 0;
  for (const [name, { data }] of left) {
    const other = right.get(name)?.data ?? new Float32Array();
    for (let at = 0; at < data.length; at++) total += ((data[at] ?? NaN) - (other[at] ?? NaN)) ** 2;
  }
  return total;
}

/** Adds 2λ(θ − anchor), the slope of λ‖θ − anchor‖², to the gradients of the tensors that have an anchor. In place. */
export function addProximalSlope(
  gradients: NamedTensors,
  parameters: NamedTensors,
  anchors: NamedTensors,
  lambda: number,
): void {
  if (lambda === 0) return;
  for (const [name, { data: anchor }] of anchors) {
    const slope = gradients.get(name)?.data ?? new Float32Array();
    const values = parameters.get(name)?.data ?? new Float32Array();
    for (let at = 0; at < anchor.length; at++)
      slope[at] = (slope[at] ?? NaN) + 2 * lambda * ((values[at] ?? NaN) - (anchor[at] ?? NaN));
  }
}
