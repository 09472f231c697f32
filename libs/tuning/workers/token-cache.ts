import type { Tokenizer } from '#language-models';
import { packExamples, type TokenisedExamples } from '../batches/tokenised-examples.ts';
import type { LabelledTexts } from './tuning-messages.ts';

/** 2 million ids are 8 MB, and some 30,000 sentences: a round's evaluation texts of a hundred clients. */
const MOST_TOKENS = 2_000_000;

/** Tokenises each text once while it is in use; forgets those that were not asked for longest. */
export class TokenCache {
  private readonly tokenizer: Tokenizer;
  private readonly maxTokens: number;
  private readonly room: number;
  private readonly known = new Map<string, Int32Array>();
  private held = 0;

  constructor(tokenizer: Tokenizer, maxTokens: number, room = MOST_TOKENS) {
    this.tokenizer = tokenizer;
    this.maxTokens = maxTokens;
    this.room = room;
  }

  tokenise({ texts, labels }: LabelledTexts): TokenisedExamples {
    return packExamples(
      texts.map((text) => this.idsOf(text)),
      labels,
    );
  }

  private idsOf(text: string): Int32Array {
    const known = this.known.get(text);
    const ids = known ?? Int32Array.from(this.tokenizer.encode(text, this.maxTokens));
    if (known === undefined) this.held += ids.length;
    // Set anew, a key moves to the end: the first one is always the one unused for longest.
    this.known.delete(text);
    this.known.set(text, ids);
    for (const [oldest, { length }] of this.known) {
      if (this.held <= this.room || oldest === text) break;
      this.known.delete(oldest);
      this.held -= length;
    }
    return ids;
  }
}
