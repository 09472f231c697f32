import { withFloats, type FrozenTensor } from '../frozen-tensor.ts';
import { quantiseColumns } from './quantise-columns.ts';

/**
 * How far the second, transposed copy by which gradients flow (`quantiseColumns` of the other way) is off a matrix [in, out], or [out, in]
 * where `transposed`: for each output channel the root of the summed squares of what int8 changes over that of the channel, and of these
 * the root mean square, so that a channel of small numbers weighs as much as one of large. Channels of zeros are left out. Forward every
 * channel has a scale of its own; there they share those of the input channels, and one with far larger numbers takes the others' digits.
 */
export function copyError(matrix: FrozenTensor, transposed: boolean, levels: number): number {
  const [height = 0, width = 0] = matrix.shape;
  const copy = quantiseColumns(matrix, !transposed, levels);
  const whole = copy.readInt8();
  const size = new Float64Array(transposed ? height : width);
  const off = new Float64Array(size.length);
  withFloats(matrix, (data) => {
    for (let row = 0, at = 0; row < height; row += 1) {
      for (let column = 0; column < width; column += 1, at += 1) {
        const [channel, input] = transposed ? [row, column] : [column, row];
        const exact = data[at] ?? 0;
        const inCopy = transposed ? at : column * height + row;
        const difference = exact - (whole[inCopy] ?? 0) * (copy.scales[input] ?? 0);
        size[channel] = (size[channel] ?? 0) + exact * exact;
        off[channel] = (off[channel] ?? 0) + difference * difference;
      }
    }
  });
  const relative = [...off].flatMap((square, channel) => (size[channel] === 0 ? [] : [square / (size[channel] ?? 1)]));
  return Math.sqrt(relative.reduce((sum, square) => sum + square, 0) / relative.length);
}
