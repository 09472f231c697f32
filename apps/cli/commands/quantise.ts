import { readFile } from 'node:fs/promises';
import { LEVELS, reportPrecision } from '#language-models';
import { CliError } from '../cli-error.ts';
import { plainTable } from '../progress/plain-table.ts';
import { bytes, percent } from '../progress/figures.ts';
import type { Console } from '../progress/console.ts';

/** What int8 does to each frozen layer of a base, and which layers it leaves in fp32. */
export async function quantise(
  folder: string,
  options: { readonly text?: string; readonly json: boolean },
  console: Console,
): Promise<void> {
  const text = options.text === undefined ? undefined : await readText(options.text);
  const report = await reportPrecision(folder, text);
  if (options.json) {
    console.stdout.write(`${JSON.stringify(report)}\n`);
    return;
  }
  const { layers, largestRelativeError, levels, weightBytes } = report;
  const rows = layers.map(({ name, shape, relativeError, peak, precision }) => [
    name,
    shape.join(' x '),
    `${(100 * relativeError).toFixed(2)} %`,
    peak.toFixed(1),
    precision,
  ]);
  const kept = layers.filter(({ precision }) => precision === 'fp32').length;
  console.stdout.write(
    `${plainTable(['layer', 'in x out', 'error', 'peak', 'precision'], rows)}\n\n` +
      `error: what int8 changes in a layer's product, root of summed squares; from ${percent(largestRelativeError)} on it stays in fp32\n` +
      `peak: the largest number that the layer reads, over the root mean square of all\n` +
      `${layers.length - kept} of ${layers.length} layers in int8${levels === LEVELS.int8 ? '' : ', with weights of 7 bits since this processor has no VNNI'}: ` +
      `${bytes(weightBytes.int8)} for ${bytes(weightBytes.fp32)}\n`,
  );
}

async function readText(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new CliError('quantise.text', `The sample text cannot be read: ${problem}`, { cause });
  });
  if (text.trim() === '') throw new CliError('quantise.text', `${file} has no text.`);
  return text;
}
