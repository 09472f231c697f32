import { describe, expect, it } from '@jest/globals';
import { listOf, temporaryFile } from '../fixtures/temporary-file.ts';
import { readCsv } from './read-csv.ts';

async function rowsOf(content: string, name = 'data.csv'): Promise<string[]> {
  const rows = await listOf(readCsv(await temporaryFile(name, content)));
  return rows.map(({ line, fields }) => `${line}: ${fields.join('|')}`);
}

describe('readCsv', () => {
  it('tells on which line each row begins, over quoted line ends and empty lines', async () => {
    expect(await rowsOf('a,b\r\n\r\n"x\r\ny",2\r\nz,3\r\n\r\n\r\nq,4')).toEqual([
      '1: a|b',
      '3: x\ny|2',
      '5: z|3',
      '8: q|4',
    ]);
  });

  it('reads doubled quotes, commas in quotes, rows of any length, tabs in a .tsv', async () => {
    expect(await rowsOf('"say ""so""","a, b"\n1\n1,2,3\n')).toEqual(['1: say "so"|a, b', '2: 1', '3: 1|2|3']);
    expect(await rowsOf('a\tb,c\n', 'data.tsv')).toEqual(['1: a|b,c']);
  });

  it('names the line where a quote goes wrong, and the cure', async () => {
    await expect(rowsOf('a,b\n\n1,"2\n3,4\n')).rejects.toThrow(
      /data\.csv, line 3: a quoted field is opened here and never closed/,
    );
    await expect(rowsOf('a,b\n1,"2"x\n')).rejects.toThrow(/line 2: a " stands inside a field/);
    await expect(rowsOf('a,b\n1,he said "x"\n')).rejects.toThrow(/line 2: a " stands inside a field/);
  });

  it('refuses an endless row instead of filling memory', async () => {
    await expect(rowsOf(`a,b\n1,"${'x'.repeat(1_100_000)}"\n`)).rejects.toThrow(
      /line 2: the row is longer than 1,000,000/,
    );
  });
});
