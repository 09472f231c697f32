import type { Instruction } from './instruction.ts';

/** How a model is asked, everywhere: in tuning, in rollouts and by `airtune generate`. Short, since a small model's context is. */
export function formatPrompt({ instruction, input }: Pick<Instruction, 'instruction' | 'input'>): string {
  return input === undefined ? `Q: ${instruction}\nA:` : `Q: ${instruction}\n${input}\nA:`;
}

/** How the answer goes on after a prompt; what a model writes is trimmed to come back to it. */
export function formatResponse(output: string): string {
  return ` ${output}`;
}
