/** How far σ(score difference) is from being the probability with which the higher score is preferred. */
export interface Calibration {
  /** Expected calibration error over ten bins of equal width (Guo et al. 2017), in [0, 0.5]. */
  readonly calibrationError: number;
  /** Mean −log σ(chosen − rejected), nats; 0.693 says nothing. */
  readonly logLoss: number;
}

const BINS = 10;

/** From the differences chosen − rejected of raw scores. */
export function calibrationOf(differences: readonly number[]): Calibration {
  const bins = Array.from({ length: BINS }, () => ({ confidence: 0, right: 0 }));
  let loss = 0;
  for (const difference of differences) {
    loss += Math.max(0, -difference) + Math.log1p(Math.exp(-Math.abs(difference)));
    const confidence = 1 / (1 + Math.exp(-Math.abs(difference)));
    const bin = bins[Math.min(BINS - 1, Math.floor((confidence - 0.5) * 2 * BINS))];
    if (bin === undefined) continue;
    bin.confidence += confidence;
    bin.right += difference > 0 ? 1 : difference === 0 ? 0.5 : 0;
  }
  const gap = bins.reduce((sum, { confidence, right }) => sum + Math.abs(confidence - right), 0);
  return { calibrationError: gap / differences.length, logLoss: loss / differences.length };
}

/** Mean and standard deviation (population) of scores: what they are standardised by. */
export function momentsOf(scores: readonly number[]): { readonly mean: number; readonly deviation: number } {
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length;
  return { mean, deviation: Math.sqrt(variance) };
}
