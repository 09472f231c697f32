import { streamText } from '#tuning';
import type { GenerateOptions } from '../program/generate.ts';
import type { Settings } from '../settings.ts';
import { listenForStop } from './stop-signals.ts';

/** Answers an instruction with a decoder's folder, word by word. */
export async function generate(
  folder: string,
  instruction: string,
  options: GenerateOptions,
  settings: Settings,
  process: NodeJS.Process,
): Promise<void> {
  const { input, raw, json, greedy, seed, precision, maxNewTokens, topK, topP } = options;
  const stop = listenForStop(process);
  try {
    const prompt = raw ? { text: instruction } : { instruction, ...(input === undefined ? {} : { input }) };
    const generated = await streamText(folder, prompt, {
      settings: { maxNewTokens, temperature: greedy ? 0 : options.temperature, topK, topP },
      seed,
      threads: settings.threads,
      precision,
      signal: stop.signal,
      onPiece: (piece) => {
        if (!json) process.stdout.write(piece);
      },
      onNote: (note) => process.stderr.write(`${note}\n`),
    });
    process.stdout.write(json ? `${JSON.stringify({ event: 'text.generated', ...generated })}\n` : '\n');
    process.exitCode = stop.exitCode() ?? process.exitCode;
  } finally {
    stop.release();
  }
}
