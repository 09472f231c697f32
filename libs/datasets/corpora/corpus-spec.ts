/** Where pre-training text comes from. Paths are absolute by the time a spec comes here. */
export type CorpusSpec = TextCorpusSpec | WordnetCorpusSpec;

export interface TextCorpusSpec {
  readonly source: 'text';
  readonly files: string | readonly string[];
  /** What a document is: each line (default), or the lines up to an empty one. */
  readonly unit?: 'line' | 'paragraph' | undefined;
  /** In (0, 1), default 0.02. */
  readonly heldOutFraction?: number | undefined;
  /** At most so many documents, the first ones. */
  readonly limit?: number | undefined;
}

/** All of WordNet but what `wordnet-topics` tests on. */
export interface WordnetCorpusSpec {
  readonly source: 'wordnet';
  readonly heldOutFraction?: number | undefined;
  readonly limit?: number | undefined;
}
