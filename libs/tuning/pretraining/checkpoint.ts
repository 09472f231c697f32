import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeSafetensors, encodeSafetensors, type NamedTensors, type Tensor } from '#parameters';
import { writeDurably } from '../files/write-durably.ts';
import type { OptimiserState } from '../optimisers/optimiser.ts';

/** Everything that the steps still to come depend on. */
export interface Checkpoint {
  /** Steps that are done. */
  readonly step: number;
  readonly parameters: NamedTensors;
  readonly optimiser: OptimiserState;
  /** Losses of the latest steps, so that a resumed run reports the same mean. */
  readonly recentLosses: readonly number[];
}

const NAME = /^step-(\d{9})\.safetensors$/;
const PARAMETER = 'parameter.';
const AVERAGE = 'average.';
const LOSSES = 'recent-losses';

/** Stores a checkpoint, whole or not at all, then removes the ones before. */
export async function writeCheckpoint(folder: string, checkpoint: Checkpoint): Promise<void> {
  await mkdir(folder, { recursive: true });
  const recent = { shape: [checkpoint.recentLosses.length], data: Float32Array.from(checkpoint.recentLosses) };
  const bytes = encodeSafetensors(
    new Map([
      ...prefixed(PARAMETER, checkpoint.parameters),
      ...prefixed(AVERAGE, checkpoint.optimiser.averages),
      [LOSSES, recent] as const,
    ]),
  );
  await writeDurably(join(folder, fileName(checkpoint.step)), bytes);
  for (const step of await storedSteps(folder)) {
    if (step !== checkpoint.step) await rm(join(folder, fileName(step)), { force: true });
  }
}

/** The latest checkpoint of a folder; undefined when there is none yet. */
export async function readLatestCheckpoint(folder: string): Promise<Checkpoint | undefined> {
  const step = Math.max(...(await storedSteps(folder)));
  if (!Number.isFinite(step)) return undefined;
  const tensors = decodeSafetensors(await readFile(join(folder, fileName(step))));
  return {
    step,
    parameters: withoutPrefix(PARAMETER, tensors),
    optimiser: { step, averages: withoutPrefix(AVERAGE, tensors) },
    recentLosses: [...(tensors.get(LOSSES)?.data ?? [])],
  };
}

async function storedSteps(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch(() => []);
  return names.flatMap((name) => NAME.exec(name)?.[1] ?? []).map(Number);
}

function fileName(step: number): string {
  return `step-${String(step).padStart(9, '0')}.safetensors`;
}

function prefixed(prefix: string, tensors: NamedTensors): [string, Tensor][] {
  return [...tensors].map(([name, tensor]) => [prefix + name, tensor]);
}

function withoutPrefix(prefix: string, tensors: NamedTensors): NamedTensors {
  const ours = [...tensors].filter(([name]) => name.startsWith(prefix));
  return new Map(ours.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}
