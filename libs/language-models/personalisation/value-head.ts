import type { NamedTensors, TensorManifest } from '#parameters';

/** Names and shapes of a value head: one linear unit over a decoder's final states. */
export function valueHeadManifest({ hidden }: { readonly hidden: number }): TensorManifest {
  return [
    { name: 'value.weight', shape: [hidden, 1] },
    { name: 'value.bias', shape: [1] },
  ];
}

/** Zeros: before any training every state is worth nothing, and there is nothing to draw. */
export function initialValueHead(config: { readonly hidden: number }): NamedTensors {
  return new Map(
    valueHeadManifest(config).map(({ name, shape }) => [
      name,
      { shape, data: new Float32Array(shape.reduce((product, size) => product * size, 1)) },
    ]),
  );
}
