import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { tokenizerFromJson } from './load-tokenizer.ts';
import { trainWordPiece } from './train-wordpiece.ts';
import { learnPieces } from './train-wordpiece-merges.ts';
import { countWords } from './train-wordpiece-words.ts';

/** What Hugging Face's WordPieceTrainer learnt from the same texts. */
interface Reference {
  readonly texts: string[];
  readonly probes: string[];
  readonly trained: { vocabularySize: number; minimumFrequency: number; tokens: string[]; probes: string[][] }[];
}

const reference = JSON.parse(
  readFileSync(new URL('../fixtures/tokenizers/word-piece-training.json', import.meta.url), 'utf8'),
) as Reference;

function vocabularyOf(json: Awaited<ReturnType<typeof trainWordPiece>>): Record<string, number> {
  return json.model.vocab as Record<string, number>;
}

describe('trainWordPiece', () => {
  it.each(reference.trained)(
    'learns the pieces that Hugging Face learns, $vocabularySize at most',
    async (expected) => {
      const { vocabularySize, minimumFrequency } = expected;
      const json = await trainWordPiece(reference.texts, vocabularySize, { minimumFrequency });
      expect(Object.keys(vocabularyOf(json)).sort()).toEqual([...expected.tokens].sort());
    },
  );

  it.each(reference.trained)(
    'cuts words as Hugging Face does with the same pieces, $vocabularySize at most',
    async (expected) => {
      const json = await trainWordPiece(reference.texts, expected.vocabularySize, expected);
      const vocabulary = vocabularyOf(json);
      const tokenizer = tokenizerFromJson(json);
      const cut = reference.probes.map((probe) => tokenizer.encodeRaw(probe));
      expect(cut).toEqual(expected.probes.map((tokens) => tokens.map((token) => vocabulary[token])));
    },
  );

  it('puts special tokens first and around a text', async () => {
    const json = await trainWordPiece(reference.texts, 200);
    expect(json.added_tokens.map(({ id, content }) => `${id} ${content}`)).toEqual([
      '0 [PAD]',
      '1 [UNK]',
      '2 [CLS]',
      '3 [SEP]',
      '4 [MASK]',
    ]);
    const tokenizer = tokenizerFromJson(json);
    const ids = tokenizer.encode('The client waits', 64);
    expect([ids[0], ids.at(-1)]).toEqual([2, 3]);
    expect(tokenizer.decode(ids)).toBe('the client waits');
    expect([tokenizer.padTokenId, tokenizer.maskTokenId]).toEqual([0, 4]);
  });

  it('gives the same object whatever the order of the texts', async () => {
    const json = await trainWordPiece(reference.texts, 150);
    expect(JSON.stringify(await trainWordPiece(reference.texts.toReversed(), 150))).toBe(JSON.stringify(json));
  });

  it('says how large a vocabulary must be at least', async () => {
    await expect(trainWordPiece(['abc'], 8)).rejects.toThrow(/of 8 is too small.*alone are 10/);
    await expect(trainWordPiece(['  '], 100)).rejects.toMatchObject({ code: 'tokenizer.no-text' });
  });
});

describe('trainWordPiece with lowerCase: false', () => {
  it('keeps case and accents, and the tokenizer does too', async () => {
    const json = await trainWordPiece(['Été Été été', 'Été'], 60, { lowerCase: false });
    const tokenizer = tokenizerFromJson(json);
    const pieces = new Map(Object.entries(vocabularyOf(json)).map(([piece, id]) => [id, piece]));
    expect(tokenizer.encodeRaw('Été').map((id) => pieces.get(id))).toEqual(['Été']);
    expect(tokenizer.encodeRaw('ete')).toEqual([1]);
  });
});

describe('countWords', () => {
  it('counts lower-cased words without accents, punctuation apart', async () => {
    expect([...(await countWords(['Été, été!', 'ETE 東京']))]).toEqual([
      ['ete', 3],
      [',', 1],
      ['!', 1],
      ['東', 1],
      ['京', 1],
    ]);
  });
});

describe('learnPieces', () => {
  const options = { count: 100, minimumFrequency: 1, alphabetLimit: 100 };

  it('merges the commonest pair first, ties to the smaller ids', () => {
    // ##u ##g occurs 20 times; that leaves 16 ##u ##n, 15 h ##ug, 12 p ##un, then 5 each of p ##ug and hug ##s, 4 b ##un.
    const words = new Map(Object.entries({ hug: 10, pug: 5, pun: 12, bun: 4, hugs: 5 }));
    const learnt = learnPieces(words, options);
    expect(learnt.slice(0, 9)).toEqual(['b', 'g', 'h', 'n', 'p', 's', 'u', '##g', '##n']);
    expect(learnt.slice(11)).toEqual(['##ug', '##un', 'hug', 'pun', 'pug', 'hugs', 'bun']);
  });

  it('keeps true counts when a pair overlaps itself', () => {
    const learnt = learnPieces(new Map([['aaaaa', 3]]), options);
    expect(learnt).toEqual(['a', '##a', '##aa', 'aaa', 'aaaaa']);
  });

  it('leaves out characters beyond the alphabet', () => {
    expect(
      learnPieces(
        new Map([
          ['ab', 5],
          ['c', 1],
        ]),
        { ...options, alphabetLimit: 2 },
      ),
    ).toEqual(['a', 'b', '##b', 'ab']);
  });
});
