import { Worker } from 'node:worker_threads';
import type { GenerationSettings } from '#language-models';
import { TuningError } from '../tuning-error.ts';
import { errorOf } from '../workers/job-failure.ts';
import { workerFile, workerFlags } from '../workers/worker-thread.ts';
import type { GeneratedText, GenerationMessage, GenerationOrder, TextPrompt } from './generation-messages.ts';

export interface StreamTextOptions {
  readonly settings: GenerationSettings;
  readonly seed: number;
  readonly threads: number;
  readonly precision?: GenerationOrder['precision'];
  readonly onPiece: (piece: string) => void;
  /** What the user should know of how it is computed; at most once. */
  readonly onNote?: (note: string) => void;
  /** On abort, what is written so far is the answer. */
  readonly signal?: AbortSignal;
}

/** Answers a prompt with a decoder's Hugging Face folder, in a worker thread. Rejects with `model.*`, `tokenizer.*` or `generation.*`. */
export async function streamText(
  folder: string,
  prompt: TextPrompt,
  { settings, seed, threads, precision, onPiece, onNote, signal }: StreamTextOptions,
): Promise<GeneratedText> {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const order: GenerationOrder = { folder, prompt, settings, seed, threads, precision, stop };
  const worker = new Worker(workerFile(import.meta.url, 'generation-worker'), {
    workerData: order,
    execArgv: workerFlags(import.meta.url),
  });
  const requestStop = (): void => {
    Atomics.store(stop, 0, 1);
  };
  if (signal?.aborted === true) requestStop();
  signal?.addEventListener('abort', requestStop, { once: true });
  try {
    return await new Promise((resolve, reject) => {
      worker.on('message', (message: GenerationMessage) => {
        if ('piece' in message) onPiece(message.piece);
        else if ('note' in message) onNote?.(message.note);
        else if ('generated' in message) resolve(message.generated);
        else reject(errorOf(message.failure));
      });
      worker.once('error', reject);
      worker.once('exit', (code) => {
        reject(new TuningError('generation.failed', `The thread ended with code ${code}.`, { retryable: true }));
      });
    });
  } finally {
    signal?.removeEventListener('abort', requestStop);
    await worker.terminate();
  }
}
