import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { probeInt8, Session, type Feed, type Int8Levels } from '#autograd';

import { readJsonFile } from '../checkpoints/read-json-file.ts';
import { isMissingFile, ModelError, wordsOf } from '../model-error.ts';
import { LEVELS } from '../precision/base-precision.ts';
import { loadTokenizer } from '../tokenizers/load-tokenizer.ts';
import {
  DESCRIPTION_FILE,
  exportDescription,
  isDecoderDescription,
  problemsOf,
  type ExportDescription,
} from './export-description.ts';
import { IDS, LOGITS, MASK } from './inference-graph.ts';

/** What a model says of one text. */
export interface Prediction {
  readonly label: string;
  /** One a label, in the order of `description.labels`; they add up to 1. */
  readonly probabilities: readonly number[];
}

/** An exported folder, ready to classify. Close it after use. */
export interface ExportedClassifier {
  readonly description: ExportDescription;
  /** The most likely label of each text. Blocks its thread while it computes. */
  classify(texts: readonly string[]): Promise<Prediction[]>;
  close(): Promise<void>;
}

/** The operator that no model in fp32 has. */
const INT8_PRODUCT = 'MatMulIntegerToFloat';

// Enough rows for the matrix kernels, few enough for the attention scores of long texts to fit in memory.
const BATCH = 16;

/**
 * Opens a folder that `exportClient` wrote. Throws ModelError `export.*` or `tokenizer.*` naming the file; `export.int8-saturates` where this
 * processor would compute its int8 wrongly. `probe` is for tests.
 */
export async function openExported(
  dir: string,
  { threads = 1, probe = probeInt8 }: { readonly threads?: number; readonly probe?: typeof probeInt8 } = {},
): Promise<ExportedClassifier> {
  const path = join(dir, DESCRIPTION_FILE);
  const written = await readJsonFile(path, 'export.file');
  if (isDecoderDescription(written)) {
    throw new ModelError(
      'export.not-a-classifier',
      `${dir} holds a decoder, which writes texts and has no labels: \`airtune generate ${dir} "instruction"\` asks it.`,
    );
  }
  const parsed = exportDescription.safeParse(written);
  if (!parsed.success) {
    throw new ModelError(
      'export.file-invalid',
      `${path} does not describe an exported model: ${problemsOf(parsed.error)}`,
    );
  }
  const description = parsed.data;
  await checkProcessor(path, description, probe);
  const tokenizer = await loadTokenizer(dir);
  const bytes = await readModel(join(dir, 'model.onnx'));
  if (
    description.precision === 'fp32' &&
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(INT8_PRODUCT)
  )
    throw new ModelError('export.file-invalid', `${path} says fp32, and the model.onnx beside it computes in int8`);
  const misfit = (cause: unknown): ModelError =>
    new ModelError(
      'export.file-invalid',
      `${dir}: model.onnx is broken, or not that of ${DESCRIPTION_FILE}: ${wordsOf(cause)}`,
      {
        cause,
      },
    );
  const opening = Session.open({ bytes, weights: [], nodes: [] }, { threads, prepack: true });
  const session = await opening.catch((cause: unknown) => {
    throw misfit(cause);
  });
  const classifyBatch = async (texts: readonly string[]): Promise<Prediction[]> => {
    const rows = texts.map((text) => tokenizer.encode(text, description.maxTokens));
    const outputs = await session.run(padded(rows, description.padTokenId)).catch((cause: unknown) => {
      throw misfit(cause);
    });
    const logits = outputs[LOGITS]?.data;
    if (!(logits instanceof Float32Array) || logits.length !== rows.length * description.labels.length) {
      throw new ModelError(
        'export.file-invalid',
        `${dir}: model.onnx does not give one logit for each label of ${DESCRIPTION_FILE}`,
      );
    }
    return rows.map((_, row) => predict(logits, row, description.labels));
  };
  return {
    description,
    classify: async (texts) => {
      const predictions: Prediction[] = [];
      for (let from = 0; from < texts.length; from += BATCH) {
        predictions.push(...(await classifyBatch(texts.slice(from, from + BATCH))));
      }
      return predictions;
    },
    close: () => session.close(),
  };
}

/** Sums that saturate give other answers without an error. */
async function checkProcessor(
  path: string,
  { precision }: ExportDescription,
  probe: () => Promise<Int8Levels | undefined>,
): Promise<void> {
  if (precision === 'fp32') return;
  const levels = await probe();
  if (levels !== undefined && levels >= LEVELS[precision]) return;
  throw new ModelError(
    'export.int8-saturates',
    `${path}: this model computes in int8 with weights of ${precision === 'int8' ? 8 : 7} bits, and sums of such products come out wrong on this processor: export the client again with --precision fp32${levels === undefined ? '' : ', or with --precision int8 on a machine like this one'}, or open it on a machine like the one that wrote it`,
  );
}

async function readModel(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const problem = isMissingFile(cause) ? 'is missing' : `cannot be read: ${wordsOf(cause)}`;
    throw new ModelError('export.file-missing', `${path} ${problem}`, { cause });
  }
}

/** Rows of ids, padded on the right to the longest, and the mask that tells tokens from padding. */
function padded(rows: readonly (readonly number[])[], padTokenId: number): Record<string, Feed> {
  const length = Math.max(...rows.map((row) => row.length));
  const shape = [rows.length, length];
  const ids = new BigInt64Array(rows.length * length).fill(BigInt(padTokenId));
  const mask = new BigInt64Array(rows.length * length);
  rows.forEach((row, index) => {
    ids.set(row.map(BigInt), index * length);
    mask.fill(1n, index * length, index * length + row.length);
  });
  return { [IDS]: { type: 'int64', shape, data: ids }, [MASK]: { type: 'int64', shape, data: mask } };
}

function predict(logits: Float32Array, row: number, labels: readonly string[]): Prediction {
  const own = logits.subarray(row * labels.length, (row + 1) * labels.length);
  const largest = own.reduce((most, value) => Math.max(most, value), -Infinity);
  const weights = Array.from(own, (value) => Math.exp(value - largest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return { label: labels[own.indexOf(largest)] ?? '', probabilities: weights.map((weight) => weight / total) };
}
