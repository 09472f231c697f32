// IEEE 754 binary16 and bfloat16, as bit patterns in the low 16 bits of a number.

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

/** The value of a bfloat16 bit pattern: the upper half of a float32. */
export function bfloat16ToFloat(bits: number): number {
  word[0] = bits << 16;
  return float[0] ?? 0;
}

/** The value of a binary16 bit pattern; exact, subnormals and infinities included. */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The binary16 bit pattern nearest to a number, ties to even; values beyond 65504 by half a step become infinite. */
export function floatToHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | roundToEven(magnitude * 2 ** 24);
  // Rounding the fraction up to 1024 carries into the exponent, which is what the format wants.
  const exponent = Math.floor(Math.log2(magnitude));
  const exact = 2 ** exponent > magnitude ? exponent - 1 : exponent;
  return sign | (((exact + 15) << 10) + roundToEven((magnitude / 2 ** exact - 1) * 1024));
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
