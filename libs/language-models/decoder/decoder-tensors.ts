import type { TensorManifest } from '#parameters';

import { norm, table, vector, type TensorPlace } from '../checkpoints/tensor-place.ts';
import type { DecoderConfig } from './decoder-config.ts';

/** How the names of one block's tensors begin. */
export function blockName(block: number): string {
  return `decoder.${block}`;
}

/** Every tensor of the decoder, in the order of the forward pass. GPT-2's Conv1D stores weights as [in, out], as we hold them. */
export function decoderPlaces(config: DecoderConfig): TensorPlace[] {
  const { vocabulary, maxPositions, hidden, layers } = config;
  return [
    table('decoder.embeddings.word', 'wte.weight', vocabulary, hidden),
    table('decoder.embeddings.position', 'wpe.weight', maxPositions, hidden),
    ...Array.from({ length: layers }, (_, block) => blockPlaces(config, block)).flat(),
    ...norm('decoder.norm', 'ln_f', hidden),
  ];
}

function blockPlaces({ hidden, intermediate }: DecoderConfig, block: number): TensorPlace[] {
  const ours = blockName(block);
  const stored = `h.${block}`;
  return [
    ...norm(`${ours}.attention.norm`, `${stored}.ln_1`, hidden),
    ...conv1d(`${ours}.attention.qkv`, `${stored}.attn.c_attn`, hidden, 3 * hidden),
    ...conv1d(`${ours}.attention.output`, `${stored}.attn.c_proj`, hidden, hidden),
    ...norm(`${ours}.intermediate.norm`, `${stored}.ln_2`, hidden),
    ...conv1d(`${ours}.intermediate`, `${stored}.mlp.c_fc`, hidden, intermediate),
    ...conv1d(`${ours}.output`, `${stored}.mlp.c_proj`, intermediate, hidden),
  ];
}

function conv1d(name: string, stored: string, from: number, to: number): TensorPlace[] {
  return [
    { name: `${name}.weight`, stored: `${stored}.weight`, shape: [from, to], transposed: false },
    vector(`${name}.bias`, `${stored}.bias`, to),
  ];
}

/** Canonical names and shapes of all of a decoder's tensors. */
export function decoderManifest(config: DecoderConfig): TensorManifest {
  return decoderPlaces(config).map(({ name, shape }) => ({ name, shape }));
}

/** Names and shapes of the top blocks' tensors, which are what is tuned: 12 a block, from the lowest tuned block up. */
export function tunedManifest(config: DecoderConfig, trainableBlocks: number): TensorManifest {
  const first = firstTunedBlock(config, trainableBlocks);
  return Array.from({ length: config.layers - first }, (_, i) =>
    blockPlaces(config, first + i).map(({ name, shape }) => ({ name, shape })),
  ).flat();
}

/** The lowest block that is tuned; all blocks are when there are no more than `trainableBlocks`. */
export function firstTunedBlock({ layers }: DecoderConfig, trainableBlocks: number): number {
  return Math.max(0, layers - trainableBlocks);
}
