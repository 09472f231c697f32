import type { Feed } from '#autograd';

/** A prompt's tokens and what the policy wrote after them, the end token included where it was drawn: one token at least. */
export interface DrawnCompletion {
  readonly prompt: readonly number[];
  readonly ids: readonly number[];
}

/** A minibatch as the graphs read it. */
export interface PackedCompletions {
  /** Tokens of each completion, in order; everything a token is fed in this order. */
  readonly lengths: readonly number[];
  /** `ids` and `mask`, int64 [batch, sequence], padded on the right; the last token of a completion predicts nothing and is left off. */
  readonly prefix: { readonly ids: Feed; readonly mask: Feed };
  /** `rows` and `tokens`, int64 [tokens]. */
  readonly suffix: { readonly rows: Feed; readonly tokens: Feed };
}

export function packCompletions(completions: readonly DrawnCompletion[]): PackedCompletions {
  const sequences = completions.map(({ prompt, ids }) => [...prompt, ...ids.slice(0, -1)]);
  const columns = Math.max(...sequences.map(({ length }) => length));
  const shape = [sequences.length, columns];
  const ids = new BigInt64Array(sequences.length * columns);
  const mask = new BigInt64Array(sequences.length * columns);
  sequences.forEach((sequence, row) => {
    ids.set(sequence.map(BigInt), row * columns);
    mask.fill(1n, row * columns, row * columns + sequence.length);
  });
  const rows = completions.flatMap((completion, row) =>
    completion.ids.map((_, at) => row * columns + completion.prompt.length - 1 + at),
  );
  return {
    lengths: completions.map((completion) => completion.ids.length),
    prefix: { ids: { type: 'int64', shape, data: ids }, mask: { type: 'int64', shape, data: mask } },
    suffix: { rows: integers(rows), tokens: integers(completions.flatMap((completion) => completion.ids)) },
  };
}

function integers(numbers: readonly number[]): Feed {
  return { type: 'int64', shape: [numbers.length], data: BigInt64Array.from(numbers, BigInt) };
}
