import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WEIGHTS_FILE, type OnnxModel } from './compile-model.ts';

/**
 * Hands the model to `use` as a temporary file. ONNX Runtime maps weights that it finds in a file, where it would copy
 * those given as buffers (1.30: a base of 200 MB took 500 MB more). Mapped pages outlive the deleted file.
 */
export async function withModelFile<T>(model: OnnxModel, use: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'airtune-model-'));
  try {
    const weights = await open(join(folder, WEIGHTS_FILE), 'w');
    for (const { offset, data } of model.weights) await weights.write(data, 0, data.length, offset);
    await weights.close();
    const path = join(folder, 'model.onnx');
    await writeFile(path, model.bytes);
    return await use(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
