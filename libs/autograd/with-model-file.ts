import { mkdtemp, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
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
  const folder = await writing(mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`)));
  try {
    await removeAbandoned(folder);
    return await use(await writeModel(model, folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const PREFIX = 'airtune-model-';
const ABANDONED_AFTER_MS = 600_000;

/**
 * Folders that processes left behind which were killed while they opened a model: nobody of their number runs, and nothing was written for
 * ten minutes, for another machine's processes may share the folder.
 */
async function removeAbandoned(own: string): Promise<void> {
  const { mtimeMs: now } = await stat(own);
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names) {
    const [, owner] = /^airtune-model-(\d+)-/.exec(name) ?? [];
    if (owner === undefined || isRunning(Number(owner))) continue;
    const folder = join(tmpdir(), name);
    const times = await Promise.all([folder, join(folder, WEIGHTS_FILE)].map(writtenAt));
    if (now - Math.max(...times) > ABANDONED_AFTER_MS)
      await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

function writtenAt(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
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
