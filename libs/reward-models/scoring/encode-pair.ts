import type { Tokenizer } from '#language-models';
import type { RewardDescription } from '../folder/reward-description.ts';

/** A completion and the prompt that it answers. */
export interface Completion {
  readonly prompt: string;
  readonly completion: string;
}

/**
 * The ids that a reward model reads, at most `maxTokens`. As two segments, [CLS] prompt [SEP] completion [SEP], each gets
 * half of the room and what the other leaves; of a prompt that is too long its end is kept (the question), of a completion
 * its beginning. As a template, one text, cut at its end.
 */
export function encodePair(
  tokenizer: Tokenizer,
  { prompt, completion }: Completion,
  { maxTokens, template }: RewardDescription['input'],
): number[] {
  if (template !== undefined) {
    return tokenizer.encode(fillTemplate(template, { prompt, completion }), maxTokens);
  }
  const room = maxTokens - 3;
  const [asked, answered] = [tokenizer.encodeRaw(prompt), tokenizer.encodeRaw(completion)];
  const half = Math.floor(room / 2);
  const forAnswer = Math.min(answered.length, Math.max(room - half, room - asked.length));
  const forPrompt = Math.min(asked.length, room - forAnswer);
  return [
    tokenizer.clsTokenId,
    ...asked.slice(asked.length - forPrompt),
    tokenizer.sepTokenId,
    ...answered.slice(0, forAnswer),
    tokenizer.sepTokenId,
  ];
}

/** A template with {prompt} and {completion} filled in; what they hold is taken as it is. */
export function fillTemplate(template: string, { prompt, completion }: Completion): string {
  return template.replace(/\{(prompt|completion)\}/g, (_, part) => (part === 'prompt' ? prompt : completion));
}
