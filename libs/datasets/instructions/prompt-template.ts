import type { Instruction } from './instruction.ts';

/** How a model is asked, everywhere: in tuning, in rollouts and by `airtune generate`. Short, since a small model's context is. */
export function formatPrompt({ instruction, input }: Pick<Instruction, 'instruction' | 'input'>): string {
  return input === undefined ? `Q: ${instruction}\nA:` : `Q: ${instruction}\n${input}\nA:`;
}

/** How the answer goes on after a prompt; what a model writes is trimmed to come back to it. */
export function formatResponse(output: string): string {
  return ` ${output}`;
}

/** What a formatted prompt asks, without the template around it; a prompt that was not formatted is what it is. */
export function askedIn(prompt: string): string {
  return /^Q: (.*)\nA:$/s.exec(prompt)?.[1] ?? prompt;
}
