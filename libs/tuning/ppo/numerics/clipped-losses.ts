import {
  add,
  cast,
  clamp,
  compare,
  exp,
  maximum,
  mul,
  neg,
  reduceMean,
  sub,
  type GraphBuilder,
  type Value,
} from '#autograd';

export interface LossSettings {
  /** The ratio of new to old probability is held within 1 ± this. */
  readonly clip: number;
  /** New values are held within this of the old ones. */
  readonly valueClip: number;
  /** Weight of the value loss. */
  readonly valueCoefficient: number;
}

/** One number a token, [tokens] each: new ones from the graph, old ones and targets as they were when the update began. */
export interface LossInputs {
  readonly logProbabilities: Value;
  readonly oldLogProbabilities: Value;
  readonly advantages: Value;
  readonly values: Value;
  readonly oldValues: Value;
  readonly returns: Value;
}

/** Scalars; `loss` is what is minimised. */
export interface Losses {
  readonly loss: Value;
  readonly policyLoss: Value;
  readonly valueLoss: Value;
  /** ½ mean (log ratio)², an estimate of KL(old ‖ new) in nats a token. */
  readonly approximateKl: Value;
  /** The part of the tokens whose ratio the clip holds back. */
  readonly clippedFraction: Value;
}

/**
 * The clipped losses of PPO (Schulman et al., arXiv 1707.06347, eq. 7, and its clipped value loss) as TRL's last PPO
 * trainer has them: policy max(−A·ratio, −A·clip(ratio)), value ½ max((v − R)², (clip(v) − R)²), means over tokens.
 */
export function clippedLosses(g: GraphBuilder, x: LossInputs, settings: LossSettings): Losses {
  const { clip, valueClip, valueCoefficient } = settings;
  const mean = (value: Value): Value => reduceMean(g, value, [0]);
  const square = (value: Value): Value => mul(g, value, value);

  const logRatio = sub(g, x.logProbabilities, x.oldLogProbabilities);
  const ratio = exp(g, logRatio);
  const gain = neg(g, x.advantages);
  const free = mul(g, gain, ratio);
  const held = mul(g, gain, clamp(g, ratio, 1 - clip, 1 + clip));
  const policyLoss = mean(maximum(g, free, held));

  const change = clamp(g, sub(g, x.values, x.oldValues), -valueClip, valueClip);
  const freeError = square(sub(g, x.values, x.returns));
  const heldError = square(sub(g, add(g, x.oldValues, change), x.returns));
  const valueLoss = mul(g, mean(maximum(g, freeError, heldError)), g.scalar(0.5));

  return {
    loss: add(g, policyLoss, mul(g, valueLoss, g.scalar(valueCoefficient))),
    policyLoss,
    valueLoss,
    approximateKl: mul(g, mean(square(logRatio)), g.scalar(0.5)),
    clippedFraction: mean(cast(g, compare(g, 'Greater', held, free), 'float32')),
  };
}
