import { z } from 'zod';

/** Prompt and completion of at most 64 KiB of characters each. */
export const completionItem = z.strictObject({
  prompt: z.string().max(65_536),
  completion: z.string().max(65_536),
});
/** At most so many completions a request; a longer list is sent in parts. */
export const MOST_COMPLETIONS = 256;
/** Characters of a request in all: a message stays below the broker's limit even when each takes four bytes. */
export const MOST_REQUEST_CHARACTERS = 500_000;

export const completionItems = z
  .array(completionItem)
  .max(MOST_COMPLETIONS)
  .refine(
    (items) =>
      items.reduce((sum, { prompt, completion }) => sum + prompt.length + completion.length, 0) <=
      MOST_REQUEST_CHARACTERS,
    `at most ${MOST_REQUEST_CHARACTERS} characters in all`,
  );

/** A score as the model gives it, and standardised; null stands for a number that is not finite. */
export const rewardScore = z.strictObject({ raw: z.number().nullable(), standardised: z.number().nullable() });
/** What raw scores of the model can be, by its own word. */
export const scoreRange = z.strictObject({ lowest: z.number(), highest: z.number() });
