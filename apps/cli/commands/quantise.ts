import { isUtf8 } from 'node:buffer';
import { open, type FileHandle } from 'node:fs/promises';
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
  const error = (part: number): string => (Number.isFinite(part) ? `${(100 * part).toFixed(2)} %` : 'none');
  const rows = layers.map(({ name, shape, relativeError, gradientError, peak, precision }) => [
    name,
    shape.join(' x '),
    error(relativeError),
    gradientError === undefined ? '-' : error(gradientError),
    Number.isFinite(peak) ? peak.toFixed(1) : 'none',
    precision,
  ]);
  const unmeasured = layers.some(({ relativeError }) => !Number.isFinite(relativeError));
  const kept = layers.filter(({ precision }) => precision === 'fp32').length;
  console.stdout.write(
    `${plainTable(['layer', 'in x out', 'error', 'gradient', 'peak', 'precision'], rows)}\n\n` +
      `error: what int8 changes in a layer's product, root of summed squares; from ${percent(largestRelativeError)} on it stays in fp32${unmeasured ? ', as it does where the product has no size (none)' : ''}\n` +
      `gradient: the same in the copy of its weight by which gradients flow back (- where none do), each output channel weighing the same\n` +
      `peak: the largest number that the layer reads, over the root mean square of all\n` +
      `${layers.length - kept} of ${layers.length} layers in int8${levels === LEVELS.int8 ? '' : ', with weights of 7 bits since sums saturate on this processor'}: ` +
      `${bytes(weightBytes.int8)} for ${bytes(weightBytes.fp32)}\n`,
  );
}

/** A sample: more tells nothing new of a base, and would take hours. */
const MOST_BYTES = 1e6;

async function readText(file: string): Promise<string> {
  const refuse = (problem: string, cause?: unknown): CliError => new CliError('quantise.text', problem, { cause });
  const content = await open(file, 'r')
    .then(async (opened) => {
      try {
        return await readStart(opened);
      } finally {
        await opened.close();
      }
    })
    .catch((cause: unknown) => {
      const problem = cause instanceof Error ? cause.message : String(cause);
      throw refuse(`The sample text cannot be read: ${problem}`, cause);
    });
  if (content.length > MOST_BYTES) throw refuse(`${file} has more than ${bytes(MOST_BYTES)}: give a part of it.`);
  if (!isUtf8(content) || content.includes(0)) throw refuse(`${file} is not UTF-8 text.`);
  const text = content.toString('utf8');
  if (text.trim() === '') throw refuse(`${file} has no text.`);
  return text;
}

/** As much as may be read, and one byte more. */
async function readStart(file: FileHandle): Promise<Buffer> {
  const content = Buffer.alloc(MOST_BYTES + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(content, length, content.length - length);
    length += bytesRead;
    if (bytesRead === 0 || length === content.length) return content.subarray(0, length);
  }
}
