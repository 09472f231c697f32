/** Ids and attention mask int64 [rows, columns]; the model predicts at `places` (in the flattened batch, in row-major order) what `targets` says. */
export interface TokenBatch {
  readonly rows: number;
  readonly columns: number;
  readonly ids: BigInt64Array;
  readonly mask: BigInt64Array;
  readonly places: BigInt64Array;
  readonly targets: BigInt64Array;
}
