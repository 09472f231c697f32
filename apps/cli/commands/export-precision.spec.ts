import { describe, expect, it } from '@jest/globals';
import { exportPrecision } from './export-precision.ts';

const probing = (levels: 127 | 63 | undefined) => () => Promise.resolve(levels);

describe('the precision of an export', () => {
  it.each([
    ['fp32', undefined, undefined, 'fp32'],
    ['int8', undefined, 127, 'int8'],
    ['int8-7-bit', undefined, 127, 'int8-7-bit'],
    ['int8-7-bit', undefined, 63, 'int8-7-bit'],
    ['fp32', 'int8', 127, 'int8'],
    ['fp32', 'int8', 63, 'int8-7-bit'],
    ['int8', 'int8', 63, 'int8-7-bit'],
    ['int8-7-bit', 'int8', 127, 'int8-7-bit'],
    ['int8', 'fp32', undefined, 'fp32'],
  ] as const)('of a client in %s, asked for %s, on a processor of %s levels is %s', async (own, asked, levels, is) => {
    expect(await exportPrecision(own, asked, probing(levels))).toBe(is);
  });

  it.each([
    ['int8', undefined, 63, 'export.int8-unsupported', /in int8 here.*--precision fp32, --precision int8 for weights/],
    ['int8', 'int8', undefined, 'export.int8-unsupported', /--precision fp32, or export on a machine like the one/],
    ['fp32', 'int8', undefined, 'export.int8-unsupported', /in int8 here/],
    ['int4', undefined, 127, 'export.precision-unknown', /"int4".*knows fp32, int8, int8-7-bit/],
  ] as const)(
    'of a client in %s, asked for %s, on a processor of %s levels is %s',
    async (own, asked, levels, code, why) => {
      const refused = expect(exportPrecision(own, asked, probing(levels))).rejects;
      await refused.toMatchObject({ code });
      await refused.toThrow(why);
    },
  );
});
