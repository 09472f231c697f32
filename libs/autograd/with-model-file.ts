import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WEIGHTS_FILE, type OnnxModel } from './compile-model.ts';
import { release } from './frozen-tensor.ts';
import { GraphError } from './graph-error.ts';

/**
 * Hands the model to `use` as a temporary file. ONNX Runtime maps weights that it finds in a file, where it would copy
 * those given as buffers (1.30: a base of 200 MB took 500 MB more). Mapped pages outlive the deleted file.
 * One weight at a time is in memory. Throws GraphError `graph.weights-file` when the file cannot be written, and whatever reading a
 * weight throws.
 */
export async function withModelFile<T>(model: OnnxModel, use: (path: string) => Promise<T>): Promise<T> {
  const folder = await writing(mkdtemp(join(tmpdir(), 'airtune-model-')));
  try {
    return await use(await writeModel(model, folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeModel(model: OnnxModel, folder: string): Promise<string> {
  const weights = await writing(open(join(folder, WEIGHTS_FILE), 'w'));
  try {
    for (const { offset, read, unread } of model.weights) {
      const data = read();
      // A full disk shows as a short write first.
      for (let done = 0; done < data.length;) {
        done += (await writing(weights.write(data, done, data.length - done, offset + done))).bytesWritten;
      }
      if (unread) release(data);
    }
  } finally {
    await writing(weights.close());
  }
  const path = join(folder, 'model.onnx');
  await writing(writeFile(path, model.bytes));
  return path;
}

async function writing<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const cure = 'Make room there, or name another folder in TMPDIR.';
    throw new GraphError('weights-file', `Cannot write the model's weights under ${tmpdir()}: ${reason}. ${cure}`, {
      cause,
    });
  }
}
