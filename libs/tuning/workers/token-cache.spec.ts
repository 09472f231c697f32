import { expect, it } from '@jest/globals';
import type { Tokenizer } from '#language-models';
import { TokenCache } from './token-cache.ts';

it('tokenises a text once, and forgets what was not asked for longest when there is no more room', () => {
  const asked: string[] = [];
  const encode = (text: string) => {
    asked.push(text);
    return [1, text.length, 2];
  };
  const cache = new TokenCache({ encode } as unknown as Tokenizer, 8, 7);
  const use = (...texts: string[]) => cache.tokenise({ texts, labels: texts.map(() => 0) });
  expect([...use('a', 'bb', 'a').ids]).toEqual([1, 1, 2, 1, 2, 2, 1, 1, 2]);
  expect(asked).toEqual(['a', 'bb']);
  use('ccc');
  use('a');
  use('bb');
  expect(asked).toEqual(['a', 'bb', 'ccc', 'bb']);
});
