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

/** Right answers to questions about WordNet's words against wrong, garbled or harmful ones: what the package itself can make. */
export interface WordnetAnswersSpec {
  readonly source: 'wordnet-answers';
  readonly aspect: 'helpfulness' | 'safety';
  readonly testFraction?: number | undefined;
  readonly limit?: number | undefined;
}
