import { describe, expect, it } from '@jest/globals';
import { listOf, temporaryFile } from '../fixtures/temporary-file.ts';
import { readUtf8 } from './read-utf8.ts';

async function textOf(content: string | Uint8Array): Promise<string> {
  return (await listOf(readUtf8(await temporaryFile('text.txt', content)))).join('');
}

describe('readUtf8', () => {
  it('drops the byte order mark and makes every line end a newline', async () => {
    expect(await textOf('\uFEFFone\r\ntwo\rthree\n\r\n')).toBe('one\ntwo\nthree\n\n');
    expect(await textOf('ends in a return\r')).toBe('ends in a return\n');
  });

  it('keeps characters and line ends whole that straddle two pieces', async () => {
    // Pieces are 256 KB: at every offset around the seam stands a character of 1 to 4 bytes, or a line end.
    for (const seam of ['é', '漢', '🙂', '\r\n']) {
      for (let shift = 0; shift < 4; shift += 1) {
        const text = 'x'.repeat(256 * 1024 - shift) + seam + 'y';
        expect(await textOf(text)).toBe(text.replace('\r\n', '\n'));
      }
    }
  });

  it('names the line of the first bad byte', async () => {
    const good = 'fine é\n'.repeat(100_000);
    await expect(textOf(Buffer.concat([Buffer.from(good), Buffer.from([0x61, 0xe9, 0x0a])]))).rejects.toThrow(
      /text\.txt, line 100001: not UTF-8/,
    );
    await expect(textOf(Buffer.from([0x61, 0x0a, 0xc3]))).rejects.toThrow(/line 2: not UTF-8/);
    await expect(textOf(Buffer.from([0xff, 0xfe, 0x61, 0x0a]))).rejects.toMatchObject({ code: 'data.not-utf8' });
  });

  it('names the line of the first NUL byte, which is what UTF-16 has between its letters', async () => {
    await expect(textOf('one\ntwo\nth\0ree')).rejects.toThrow(/text\.txt, line 3: a NUL byte/);
    await expect(textOf(Buffer.from('a\nb', 'utf16le'))).rejects.toMatchObject({ code: 'data.not-text' });
  });

  it('says what is wrong with a path', async () => {
    await expect(listOf(readUtf8('/nowhere/at-all.csv'))).rejects.toThrow(/at-all\.csv does not exist/);
    await expect(listOf(readUtf8(import.meta.dirname))).rejects.toMatchObject({ code: 'data.file-is-folder' });
  });
});
