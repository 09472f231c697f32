/** Where one canonical tensor is found in a Hugging Face checkpoint. */
export interface TensorPlace {
  /** Our name, for example `block.0.attention.query.weight`. */
  readonly name: string;
  /** Our shape; a linear layer's weight is [in, out]. */
  readonly shape: readonly number[];
  /** Hugging Face's name without the model's prefix. */
  readonly stored: string;
  /** Stored as [out, in], as torch's Linear does. */
  readonly transposed: boolean;
}

/** An embedding table. */
export function table(name: string, stored: string, rows: number, columns: number): TensorPlace {
  return { name, stored, shape: [rows, columns], transposed: false };
}

export function vector(name: string, stored: string, length: number): TensorPlace {
  return { name, stored, shape: [length], transposed: false };
}

/** Weight and bias of a linear layer as torch stores them. */
export function linear(name: string, stored: string, from: number, to: number): TensorPlace[] {
  return [
    { name: `${name}.weight`, stored: `${stored}.weight`, shape: [from, to], transposed: true },
    vector(`${name}.bias`, `${stored}.bias`, to),
  ];
}

/** Weight and bias of a layer norm. */
export function norm(name: string, stored: string, length: number): TensorPlace[] {
  return [vector(`${name}.weight`, `${stored}.weight`, length), vector(`${name}.bias`, `${stored}.bias`, length)];
}
