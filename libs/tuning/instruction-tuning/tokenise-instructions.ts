import type { Instruction } from '#datasets';
import type { Tokenizer } from '#language-models';
import type { TokenWindows } from '../pretraining/token-windows.ts';
import { promptTokens, responseTokens } from './prompt-tokens.ts';

/** Instructions with their answers, one a window. */
export interface TokenisedInstructions {
  readonly windows: TokenWindows;
  /** Where each window's answer begins. */
  readonly firstTargets: Int32Array;
  /** How many were left out because their prompt leaves no room for an answer. */
  readonly tooLong: number;
}

/** An answer that does not fit in `maxTokens` with its prompt is cut, and then has no end. */
export function tokeniseInstructions(
  instructions: readonly Instruction[],
  tokenizer: Tokenizer,
  maxTokens: number,
): TokenisedInstructions {
  const ids: number[] = [];
  const offsets = [0];
  const firstTargets: number[] = [];
  for (const instruction of instructions) {
    const prompt = promptTokens(tokenizer, instruction);
    if (prompt.length >= maxTokens) continue;
    const whole = [...prompt, ...responseTokens(tokenizer, instruction.output)].slice(0, maxTokens);
    for (const id of whole) ids.push(id);
    offsets.push(ids.length);
    firstTargets.push(prompt.length);
  }
  return {
    windows: { ids: Int32Array.from(ids), offsets: Int32Array.from(offsets) },
    firstTargets: Int32Array.from(firstTargets),
    tooLong: instructions.length - firstTargets.length,
  };
}
