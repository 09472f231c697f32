import { formatPrompt, formatResponse, type Instruction } from '#datasets';
import type { Tokenizer } from '#language-models';

/** The tokens that ask a decoder for an answer: the text's beginning, then the instruction in the project's template. */
export function promptTokens(tokenizer: Tokenizer, instruction: Pick<Instruction, 'instruction' | 'input'>): number[] {
  return [tokenizer.clsTokenId, ...tokenizer.encodeRaw(formatPrompt(instruction))];
}

/** The tokens of an answer, the end of the text among them. */
export function responseTokens(tokenizer: Tokenizer, output: string): number[] {
  return [...tokenizer.encodeRaw(formatResponse(output)), tokenizer.sepTokenId];
}
