// Reads single tensors of a Hugging Face folder by byte range: neither a whole file nor a tensor twice is ever in memory.
// Files and hosts are little endian: ONNX Runtime and Node together run on no other.
import { readSync } from 'node:fs';
import { open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import {
  parseSafetensorsHeader,
  safetensorsHeaderBytes,
  type ElementFormat,
  type SafetensorsEntry,
  type Tensor,
} from '#parameters';

import { isMissingFile, ModelError, wordsOf } from '../model-error.ts';
import { readJsonFile } from './read-json-file.ts';
import { widen } from './widen.ts';

const WHOLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';

interface Place {
  readonly path: string;
  readonly file: FileHandle;
  readonly headerBytes: number;
  readonly entry: SafetensorsEntry;
}

/** The tensors of one folder, by the names in its files. Close it after use; nothing can be read afterwards. */
export class StoredTensors {
  readonly #places: ReadonlyMap<string, Place>;
  readonly #files: readonly FileHandle[];
  readonly dir: string;

  private constructor(dir: string, places: ReadonlyMap<string, Place>, files: readonly FileHandle[]) {
    this.dir = dir;
    this.#places = places;
    this.#files = files;
  }

  /** Opens `model.safetensors`, or the shards that `model.safetensors.index.json` names. Throws ModelError `model.file-*`. */
  static async open(dir: string): Promise<StoredTensors> {
    const places = new Map<string, Place>();
    const files: FileHandle[] = [];
    try {
      for (const { name, wanted } of await listFiles(dir)) {
        const path = join(dir, name);
        const file = await openFile(path);
        files.push(file);
        const found = await readHeader(file, path);
        for (const [tensor, place] of found) if (wanted?.has(tensor) ?? true) places.set(tensor, place);
        const absent = [...(wanted ?? [])].find((tensor) => !found.has(tensor));
        if (absent !== undefined)
          throw new ModelError('model.tensor-missing', `${path} lacks tensor ${absent}, which ${INDEX} says it holds`);
      }
      return new StoredTensors(dir, places, files);
    } catch (error) {
      await Promise.all(files.map((file) => file.close()));
      throw error;
    }
  }

  has(name: string): boolean {
    return this.#places.has(name);
  }

  shapeOf(name: string): readonly number[] {
    return this.#find(name).entry.shape;
  }

  /** What its numbers are stored as. */
  formatOf(name: string): ElementFormat {
    return this.#find(name).entry.dtype;
  }

  /** The file that holds a tensor, for messages. */
  pathOf(name: string): string {
    return this.#find(name).path;
  }

  /** One tensor as float32, as stored (not transposed). Throws ModelError on unreadable bytes and on numbers that are not finite. */
  read(name: string): Tensor {
    const { path, file, headerBytes, entry } = this.#find(name);
    const bytes = readRange(file, path, headerBytes + entry.begin, entry.end - entry.begin);
    let tensor: Tensor;
    try {
      tensor = widen(entry.dtype, bytes, entry.shape);
    } catch (cause) {
      throw new ModelError('model.tensor-unreadable', `${path}: tensor ${name}: ${wordsOf(cause)}`, { cause });
    }
    if (!allFinite(tensor.data)) {
      throw new ModelError('model.tensor-not-finite', `${path}: tensor ${name} holds a number that is not finite`);
    }
    return tensor;
  }

  async close(): Promise<void> {
    await Promise.all(this.#files.map((file) => file.close()));
  }

  #find(name: string): Place {
    const place = this.#places.get(name);
    if (place === undefined) throw new ModelError('model.tensor-missing', `${this.dir} has no tensor ${name}`);
    return place;
  }
}

function allFinite(data: Float32Array): boolean {
  // Infinity · 0 and NaN · 0 are NaN and stay so. 2 ns a number where an iterator with Number.isFinite takes 9, for 10^8 numbers.
  let poison = 0;
  let index = data.length;
  while (index > 0) {
    index -= 1;
    poison += (data[index] ?? NaN) * 0;
  }
  return poison === 0;
}

interface WantedFile {
  readonly name: string;
  /** What the index says is in this shard; without an index, everything counts. */
  readonly wanted?: ReadonlySet<string>;
}

async function listFiles(dir: string): Promise<WantedFile[]> {
  const names = await listFolder(dir);
  if (names.includes(WHOLE)) return [{ name: WHOLE }];
  if (names.includes(INDEX)) return listShards(join(dir, INDEX));
  const others = names.filter((name) => /\.(bin|h5|msgpack|pt|ckpt)$/.test(name));
  const hint = others.length === 0 ? '' : `; ${others.join(', ')} cannot be read: save the model with safetensors`;
  throw new ModelError('model.file-missing', `${dir} has neither ${WHOLE} nor ${INDEX}${hint}`);
}

async function listFolder(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (cause) {
    const problem = isMissingFile(cause) ? 'does not exist' : `cannot be read: ${wordsOf(cause)}`;
    throw new ModelError('model.folder-missing', `Model folder ${dir} ${problem}`, { cause });
  }
}

const shardIndex = z.object({ weight_map: z.record(z.string(), z.string()) });

async function listShards(path: string): Promise<WantedFile[]> {
  const parsed = shardIndex.safeParse(await readJsonFile(path, 'model.index'));
  if (!parsed.success)
    throw new ModelError('model.index-invalid', `${path}: weight_map must map tensor names to file names`);
  const shards = new Map<string, Set<string>>();
  for (const [tensor, name] of Object.entries(parsed.data.weight_map)) {
    // A plain name only: an index from elsewhere must not reach out of its folder.
    if (!/^[\w-][\w.-]*\.safetensors$/.test(name)) {
      throw new ModelError(
        'model.index-invalid',
        `${path}: ${JSON.stringify(name)} is not the plain name of a .safetensors file`,
      );
    }
    const wanted = shards.get(name) ?? new Set<string>();
    shards.set(name, wanted.add(tensor));
  }
  return [...shards].map(([name, wanted]) => ({ name, wanted }));
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (cause) {
    if (isMissingFile(cause)) throw new ModelError('model.file-missing', `${path} is missing`, { cause });
    throw new ModelError('model.file-unreadable', `${path} cannot be read: ${wordsOf(cause)}`, { cause });
  }
}

async function readHeader(file: FileHandle, path: string): Promise<Map<string, Place>> {
  const { size } = await file.stat();
  try {
    const first = readRange(file, path, 0, Math.min(8, size));
    const bytes = readRange(file, path, 0, safetensorsHeaderBytes(first, size));
    const { headerBytes, tensors } = parseSafetensorsHeader(bytes, size);
    return new Map([...tensors].map(([name, entry]) => [name, { path, file, headerBytes, entry }]));
  } catch (cause) {
    if (cause instanceof ModelError) throw cause;
    throw new ModelError('model.file-invalid', `${path}: ${wordsOf(cause)}`, { cause });
  }
}

function readRange(file: FileHandle, path: string, begin: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const bytesRead = readSync(file.fd, bytes, filled, length - filled, begin + filled);
    if (bytesRead === 0) throw new ModelError('model.file-invalid', `${path} ended before byte ${begin + length}`);
    filled += bytesRead;
  }
  return bytes;
}
