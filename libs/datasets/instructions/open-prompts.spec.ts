import { describe, expect, it } from '@jest/globals';
import { temporaryFile } from '../fixtures/temporary-file.ts';
import { openDataset } from '../open-dataset.ts';

const rows = [
  { instruction: 'Define "oak".', context: '', response: 'A tree.', category: 'open_qa' },
  { instruction: 'Sum it up.', context: 'Oaks are trees.', response: 'Trees.', category: 'summarization' },
  { instruction: 'Name a fish.', context: '', response: 'A trout.', category: 'open_qa' },
  { instruction: 'Name a bird.', context: '', response: 'A wren.', category: 'brainstorming' },
];

describe('instructions as data to be dealt', () => {
  it('are prompts, sorted by category, with no answer in them', async () => {
    const train = await temporaryFile('dolly.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'));
    const dataset = await openDataset({ source: 'instructions', train, format: 'dolly', testFraction: 0.25 });
    expect(dataset.labels).toEqual(['brainstorming', 'open_qa', 'summarization']);
    const all = [...dataset.train, ...dataset.test];
    expect(all).toHaveLength(4);
    expect(all).toContainEqual({ text: 'Q: Sum it up.\nOaks are trees.\nA:', label: 2 });
    expect(dataset.test).toHaveLength(1);
    expect(JSON.stringify(all)).not.toMatch(/trout|wren/);
  });

  it('come from WordNet when no file is named', async () => {
    const dataset = await openDataset({ source: 'instructions', limit: 50 });
    expect(dataset.labels).toEqual(['define', 'kind', 'sentence']);
    expect(dataset.train).toHaveLength(50);
    expect(dataset.test.length).toBeGreaterThan(100);
  });
});
