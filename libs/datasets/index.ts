/** Labelled text and its split over clients; text for pre-training. Only the trainer opens data. */
export type { DataSource, DataSpec } from './data-spec.ts';
export type { Dataset, Example } from './dataset.ts';
export { DatasetsError } from './datasets-error.ts';
export { openDataset, openTestRows } from './open-dataset.ts';
export { WORDNET_TOPICS } from './wordnet/topics.ts';
export { labelHistogram, majorityLabel } from './label-histogram.ts';
export type { ClientData } from './partition/client-data.ts';
export { majorityClassAccuracy } from './partition/client-data.ts';
export type { PartitionOptions } from './partition/partition.ts';
export { partition } from './partition/partition.ts';
export { drawOwnTest } from './partition/own-test.ts';
export { generalTest } from './partition/general-test.ts';
export type { Corpus } from './corpora/corpus.ts';
export type { CorpusSpec, TextCorpusSpec, WordnetCorpusSpec } from './corpora/corpus-spec.ts';
export { openCorpus } from './corpora/open-corpus.ts';
export type { PreferencePair, Preferences, PreferenceSplit } from './preferences/preference-pair.ts';
export type { PreferenceSpec } from './preferences/preference-spec.ts';
export { openPreferences } from './preferences/open-preferences.ts';
