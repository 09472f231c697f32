const EULER_GAMMA = 0.5772156649015329;

/**
 * e^x · E1(x) for x > 0, where E1(x) is the integral of e^-t / t from x to infinity; relative error about 1e-15.
 * The factor e^x keeps it from underflowing at large x (a very low SNR).
 * Series below 1, Lentz's continued fraction above (Abramowitz and Stegun 5.1.11 and 5.1.22).
 */
export function scaledE1(x: number): number {
  return x < 1 ? Math.exp(x) * seriesE1(x) : fractionE1(x);
}

/** E1(x) = -gamma - ln x - sum over k >= 1 of (-x)^k / (k · k!). */
function seriesE1(x: number): number {
  let sum = -EULER_GAMMA - Math.log(x);
  let power = 1;
  for (let k = 1; k <= 30; k++) {
    power *= -x / k;
    sum -= power / k;
  }
  return sum;
}

/** e^x E1(x) = 1 / (x + 1 - 1 / (x + 3 - 4 / (x + 5 - 9 / (x + 7 - …)))). */
function fractionE1(x: number): number {
  let b = x + 1;
  let c = 1e300;
  let d = 1 / b;
  let value = d;
  for (let k = 1; k <= 500; k++) {
    b += 2;
    d = 1 / (b - k * k * d);
    c = b - (k * k) / c;
    const factor = c * d;
    value *= factor;
    if (Math.abs(factor - 1) < 1e-16) break;
  }
  return value;
}
