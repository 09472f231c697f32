import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ClientState, type Answer, type ArmTensors } from './client-state.ts';

const answer = (round: number): Answer => ({ round, answers: `sha256:${'a'.repeat(64)}`, evaluations: [] });
const tensors = (value: number): ArmTensors => ({
  shared: Uint8Array.of(value),
  personal: Uint8Array.of(value, value),
});

describe("a client's state", () => {
  let folder: string;
  let state: ClientState;

  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'client-state-')), 'client-0');
    state = new ClientState(folder);
  });

  afterEach(async () => {
    await rm(join(folder, '..'), { recursive: true });
  });

  it('is empty at first', async () => {
    expect([await state.latest(), await state.answer(1)]).toEqual([0, undefined]);
  });

  it('keeps each round with its answer, the last two of them', async () => {
    for (const round of [1, 2, 3]) await state.store(answer(round), new Map([['federated', tensors(round)]]));
    expect([await state.latest(), await state.latestBefore(3)]).toEqual([3, 2]);
    expect(await state.answer(3)).toMatchObject(answer(3));
    expect(await state.tensors(2, 'federated')).toEqual(tensors(2));
    expect((await readdir(folder)).sort()).toEqual(['round-0002', 'round-0003']);
  });

  it('keeps both arms and their moments', async () => {
    const moments = { step: 12, averages: Uint8Array.of(7) };
    const arms = new Map([
      ['federated', { ...tensors(1), moments }],
      ['local-only', tensors(2)],
    ] as const);
    await state.store(answer(1), arms);
    expect(await state.tensors(1, 'federated')).toEqual({ ...tensors(1), moments });
    expect(await state.tensors(1, 'local-only')).toEqual(tensors(2));
  });

  it('takes no notice of a round that a kill cut short, and writes it anew', async () => {
    await state.store(answer(1), new Map([['federated', tensors(1)]]));
    await mkdir(join(folder, 'round-0002.partial'));
    await writeFile(join(folder, 'round-0002.partial', 'personal.safetensors'), 'half of');
    expect(await state.latest()).toBe(1);
    await state.store(answer(2), new Map([['federated', tensors(2)]]));
    expect(await state.tensors(2, 'federated')).toEqual(tensors(2));
    expect((await readdir(folder)).sort()).toEqual(['round-0001', 'round-0002']);
  });

  it('replaces a round whose question was another', async () => {
    await state.store(answer(1), new Map([['federated', tensors(1)]]));
    await state.store({ ...answer(1), answers: null }, new Map([['federated', tensors(9)]]));
    expect((await state.answer(1))?.answers).toBeNull();
    expect(await state.tensors(1, 'federated')).toEqual(tensors(9));
  });

  it('names an answer that is damaged', async () => {
    await state.store(answer(1), new Map([['federated', tensors(1)]]));
    await writeFile(join(folder, 'round-0001', 'answer.json'), '{"round":');
    await expect(state.answer(1)).rejects.toMatchObject({ code: 'trainer.state-corrupt' });
  });
});
