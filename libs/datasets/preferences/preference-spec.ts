/** Where ranked pairs come from. Paths are absolute by the time a spec comes here. */
export type PreferenceSpec = PreferenceFilesSpec | WordnetAnswersSpec;

export interface PreferenceFilesSpec {
  readonly source: 'hh-rlhf' | 'alpaca-eval' | 'jsonl';
  readonly train: string;
  /** Without it `testFraction` of the prompts of `train` are held out, the same every time. */
  readonly test?: string | undefined;
  readonly testFraction?: number | undefined;
  /** At most so many training pairs, chosen by content alone. */
  readonly limit?: number | undefined;
}

/** Answers to the instructions about WordNet's words that the project makes: right against wrong or garbled, harmless against harmful. */
export interface WordnetAnswersSpec {
  readonly source: 'wordnet-answers';
  readonly aspect: 'helpfulness' | 'safety';
  readonly limit?: number | undefined;
}
