import { parseArgs } from 'node:util';

/** Whether the bench is to take the base in int8: `--precision int8`; fp32 unless it is said. */
export function asksForInt8(): boolean {
  const { precision } = parseArgs({ strict: false, options: { precision: { type: 'string' } } }).values;
  if (precision !== undefined && precision !== 'int8' && precision !== 'fp32')
    throw new Error('Write --precision int8 or --precision fp32.');
  return precision === 'int8';
}
