import { probeInt8 } from '#autograd';
import { BASE_PRECISIONS, int8Of, LEVELS, type BasePrecision } from '#language-models';
import { CliError } from '../cli-error.ts';
import type { ChosenPrecision } from '../program/options.ts';

/**
 * In which precision a client's model is written: as it enrolled, unless another was asked for. int8 that was asked for has 7 bits where this
 * processor's sums of 8-bit products saturate. Throws `export.precision-unknown` of a record that says something else, and
 * `export.int8-unsupported` where this processor cannot find out which layers int8 leaves in fp32. `probe` is for tests.
 */
export async function exportPrecision(
  enrolled: string,
  asked: ChosenPrecision | undefined,
  probe = probeInt8,
): Promise<BasePrecision> {
  const own = BASE_PRECISIONS.find((known) => known === enrolled);
  if (own === undefined)
    throw new CliError(
      'export.precision-unknown',
      `The client enrolled with a base in "${enrolled}"; this version of Airtune knows ${BASE_PRECISIONS.join(', ')}.`,
    );
  if (asked === 'fp32' || (asked === undefined && own === 'fp32')) return 'fp32';
  const levels = await probe();
  if (levels !== undefined && own !== 'fp32' && LEVELS[own] <= levels) return own;
  if (levels !== undefined && asked === 'int8') return int8Of(levels);
  const instead = levels === undefined ? '' : ', --precision int8 for weights of 7 bits';
  throw new CliError(
    'export.int8-unsupported',
    `The model cannot be written in ${own === 'fp32' ? 'int8' : own} here: this processor does not multiply such numbers exactly. Write --precision fp32${instead}, or export on a machine like the one that trained it.`,
  );
}
