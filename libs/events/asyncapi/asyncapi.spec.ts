import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { contracts, topics } from '#contracts';
import { describe, expect, it } from '@jest/globals';
import { asyncApiDocument } from './asyncapi-document.ts';
import { asyncApiText } from './asyncapi-text.ts';

describe('the AsyncAPI document', () => {
  it('in docs/asyncapi.yaml is up to date (npm run asyncapi)', async () => {
    const written = await readFile(resolve(import.meta.dirname, '../../../docs/asyncapi.yaml'), 'utf8');
    expect(written === asyncApiText()).toBe(true);
  });

  it('describes every topic and every fact, and all of its references lead somewhere', () => {
    const document = asyncApiDocument() as {
      channels: Record<string, { messages: object }>;
      components: { messages: object };
    };
    expect(Object.keys(document.channels)).toEqual(Object.keys(topics));
    expect(Object.keys(document.components.messages)).toEqual([...contracts.map(({ name }) => name), 'blob.chunk']);
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path);
    const inside = references.filter((path) => !path.startsWith('definitions/'));
    expect(inside.length).toBeGreaterThan(30);
    for (const path of inside) {
      const found = path.split('/').reduce<unknown>((at, step) => (at as Record<string, unknown>)[step], document);
      expect([path, typeof found]).toEqual([path, 'object']);
    }
  });
});
