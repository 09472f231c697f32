import { MOST_COMPLETIONS, MOST_REQUEST_CHARACTERS } from '#contracts';
import type { Completion } from '../scoring/encode-pair.ts';

/** A list of completions in parts that one request may hold, in their order. */
export function splitRequests(completions: readonly Completion[]): Completion[][] {
  const parts: Completion[][] = [];
  let part: Completion[] = [];
  let characters = 0;
  for (const item of completions) {
    const length = item.prompt.length + item.completion.length;
    if (part.length > 0 && (part.length === MOST_COMPLETIONS || characters + length > MOST_REQUEST_CHARACTERS)) {
      parts.push(part);
      [part, characters] = [[], 0];
    }
    part.push(item);
    characters += length;
  }
  return part.length === 0 ? parts : [...parts, part];
}
