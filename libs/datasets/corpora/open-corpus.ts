import { createHash } from 'node:crypto';
import { DatasetsError } from '../datasets-error.ts';
import { hashFraction } from '../hash-fraction.ts';
import type { CorpusSpec } from './corpus-spec.ts';
import type { Corpus } from './corpus.ts';
import { readTextDocuments } from './text-documents.ts';
import { readWordnetDocuments } from './wordnet-documents.ts';

const DEFAULT_HELD_OUT_FRACTION = 0.02;

/**
 * Opens text to pre-train on. Reads all of it once, so that what is wrong with it is said before training starts (a
 * DatasetsError with file and line); afterwards documents stream from disk, one in memory at a time.
 */
export async function openCorpus(spec: CorpusSpec): Promise<Corpus> {
  const fraction = spec.heldOutFraction ?? DEFAULT_HELD_OUT_FRACTION;
  if (!(fraction > 0 && fraction < 1)) {
    throw new DatasetsError('data.held-out-fraction', `heldOutFraction is ${fraction}; it must lie between 0 and 1.`);
  }
  const survey = await surveyDocuments(() => documentsOf(spec), fraction);
  return {
    train: () => select(documentsOf(spec), (fate) => fate > survey.threshold),
    heldOut: () => select(documentsOf(spec), (fate) => fate <= survey.threshold),
    trainDocuments: survey.documents - survey.heldOut,
    heldOutDocuments: survey.heldOut,
    characters: survey.characters,
    digest: survey.digest,
  };
}

/** A number in [0, 1) by the document's text alone: the same text has the same fate, wherever it stands. */
function fateOf(document: string): number {
  return hashFraction('held-out document', document);
}

async function* documentsOf(spec: CorpusSpec): AsyncGenerator<string> {
  const documents =
    spec.source === 'wordnet'
      ? readWordnetDocuments()
      : readTextDocuments(typeof spec.files === 'string' ? [spec.files] : spec.files, spec.unit ?? 'line');
  let left = spec.limit ?? Infinity;
  for await (const document of documents) {
    yield document;
    left -= 1;
    if (left <= 0) return;
  }
}

async function* select(documents: AsyncIterable<string>, keep: (fate: number) => boolean): AsyncGenerator<string> {
  for await (const document of documents) if (keep(fateOf(document))) yield document;
}

async function surveyDocuments(open: () => AsyncIterable<string>, fraction: number) {
  const hash = createHash('sha256');
  let [documents, heldOut, characters] = [0, 0, 0];
  let [smallest, largest] = [Infinity, -Infinity];
  for await (const document of open()) {
    const fate = fateOf(document);
    documents += 1;
    characters += document.length;
    if (fate < fraction) heldOut += 1;
    smallest = Math.min(smallest, fate);
    largest = Math.max(largest, fate);
    hash.update(`${JSON.stringify(document)}\n`);
  }
  if (!(largest > smallest)) {
    throw new DatasetsError(
      'data.no-rows',
      'The corpus needs at least two different documents: one to train on, one to hold out.',
    );
  }
  // Of a handful of documents chance may hold out none, or all: then the one that comes first in line, or all but the last.
  const threshold = Math.max(smallest, Math.min(fraction - Number.EPSILON, previousTo(largest)));
  if (heldOut === 0 || heldOut === documents) heldOut = await count(open(), threshold);
  return { documents, heldOut, characters, threshold, digest: `sha256:${hash.digest('hex')}` as const };
}

/** Fates are multiples of 2^-48. */
function previousTo(fate: number): number {
  return fate - 2 ** -48;
}

async function count(documents: AsyncIterable<string>, threshold: number): Promise<number> {
  let held = 0;
  for await (const document of documents) if (fateOf(document) <= threshold) held += 1;
  return held;
}
