import { resolve } from 'node:path';
import { loadTokenizer, type Tokenizer } from '#language-models';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { encodePair } from './encode-pair.ts';
import { padSequences, tokenBatches } from './token-batches.ts';

describe('a prompt and its completion as tokens', () => {
  let tokenizer: Tokenizer;
  const text = (ids: readonly number[]): string => tokenizer.decode(ids);

  beforeAll(async () => {
    tokenizer = await loadTokenizer(resolve(import.meta.dirname, '../../../models/tiny-encoder'));
  });

  it('are two segments between special tokens', () => {
    const ids = encodePair(tokenizer, { prompt: 'a dog', completion: 'an animal' }, { maxTokens: 16 });
    const { clsTokenId, sepTokenId } = tokenizer;
    expect(ids[0]).toBe(clsTokenId);
    expect(ids.filter((id) => id === sepTokenId)).toHaveLength(2);
    expect(text(ids)).toBe('a dog an animal');
  });

  it.each([
    ['a b c d e f g h', 'x', 'e f g h x'],
    ['a', 'u v w x y z', 'a u v w x'],
    ['a b c d', 'u v w x', 'c d u v w'],
    ['a b c d', '', 'a b c d'],
  ])('cut %j and %j to the end of the one and the beginning of the other', (prompt, completion, kept) => {
    const ids = encodePair(tokenizer, { prompt, completion }, { maxTokens: 8 });
    expect(ids.length).toBeLessThanOrEqual(8);
    expect(text(ids)).toBe(kept);
  });

  it('follow a template where there is one', () => {
    const ids = encodePair(
      tokenizer,
      { prompt: 'a dog', completion: 'costs $& {prompt}' },
      { maxTokens: 64, template: 'human: {prompt} assistant: {completion}' },
    );
    expect(text(ids)).toBe(tokenizer.decode(tokenizer.encode('human: a dog assistant: costs $& {prompt}', 64)));
  });
});

describe('batches by tokens', () => {
  it('hold sequences of similar length and no more tokens than allowed', () => {
    expect(tokenBatches([9, 2, 3, 2, 8, 3], 12)).toEqual([[1, 3, 2, 5], [4], [0]]);
    expect(tokenBatches([100], 12)).toEqual([[0]]);
    expect(tokenBatches([])).toEqual([]);
  });

  it('pad on the right', () => {
    const { shape, ids, mask } = padSequences([[5, 6], [7]], 1);
    expect([shape, [...ids], [...mask]]).toEqual([
      [2, 2],
      [5n, 6n, 7n, 1n],
      [1n, 1n, 1n, 0n],
    ]);
  });
});
