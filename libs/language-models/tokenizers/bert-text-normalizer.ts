import { z } from 'zod';

const options = z.looseObject({
  clean_text: z.boolean().nullish(),
  handle_chinese_chars: z.boolean().nullish(),
  strip_accents: z.boolean().nullish(),
  lowercase: z.boolean().nullish(),
});

/**
 * BERT's text cleaning as the Rust `tokenizers` crate does it (normalizers/bert.rs), for a `BertNormalizer` of tokenizer.json. The JavaScript
 * library's own differs in ways that changed ids in a comparison of 41,000 texts: it leaves ideographs beyond U+FFFF unsplit, since it
 * walks UTF-16 units, and lower-cases whole strings, which turns a final Σ into ς where Rust goes character by character.
 * What remains, of all code points: 672 marks, signs and controls of rare scripts that Unicode added or reclassified after version 8, whose
 * tables the crate still carries.
 */
export function bertTextNormalizer(config: unknown): (text: string) => string {
  const {
    clean_text: clean,
    handle_chinese_chars: ideographs,
    strip_accents: strip,
    lowercase,
  } = options.parse(config);
  const lower = lowercase ?? true;
  return (text) => {
    let result = text;
    if (clean ?? true) result = result.replace(DROPPED, '').replace(/\s/g, ' ');
    if (ideographs ?? true) result = result.replace(IDEOGRAPH, ' $& ');
    if (strip ?? lower) result = result.normalize('NFD').replace(/\p{Mn}/gu, '');
    return lower ? lowercaseEach(result) : result;
  };
}

// Tab and line ends are blanks, every other control, format, private-use or surrogate character goes, as do NUL and U+FFFD.
const DROPPED = /(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\ufffd]/gu;

// The ranges of bert.rs `is_chinese_char`, its start of 2B920 (for 2B820) included.
const IDEOGRAPH =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;

// Σ is the one letter whose lower case depends on its neighbours (Unicode's Final_Sigma).
function lowercaseEach(text: string): string {
  return text.includes('Σ')
    ? text
        .split('Σ')
        .map((part) => part.toLowerCase())
        .join('σ')
    : text.toLowerCase();
}
