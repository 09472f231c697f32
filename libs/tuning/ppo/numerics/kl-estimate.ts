/** Estimators of KL(policy ‖ reference) from tokens that the policy drew (J. Schulman, "Approximating KL divergence", 2020). */
export type KlEstimator = 'k1' | 'k3';

/**
 * One estimate a token, in nats: k1 = log π − log π_ref, unbiased and of either sign; k3 = e^(−k1) − 1 + k1, unbiased and
 * never negative. Both log-probabilities are those of the drawn tokens at the sampling temperature.
 */
export function klEstimate(
  estimator: KlEstimator,
  logProbabilities: Float32Array,
  reference: Float32Array,
): Float32Array {
  return logProbabilities.map((own, token) => {
    const difference = own - (reference[token] ?? NaN);
    return estimator === 'k1' ? difference : Math.exp(-difference) - 1 + difference;
  });
}
