import {
  checkVocabulary,
  Generator,
  loadTokenizer,
  withDecoder,
  type Completion,
  type Tokenizer,
} from '#language-models';
import type { NamedTensors } from '#parameters';
import { randomStream } from '#randomness';
import { promptTokens } from '../instruction-tuning/prompt-tokens.ts';
import type { GeneratedText, GenerationOrder, TextPrompt } from './generation-messages.ts';
import { openDecoder } from './open-decoder.ts';

/** Tokens of one run of the graph: what is written so far is read again before each, so few would be slow and many would come in lumps. */
const TOKENS_A_PIECE = 8;

/** What is told while a text is written. */
export interface TextListener {
  onPiece(piece: string): void;
  /** Once, before the first piece. */
  onNote(note: string): void;
}

/** Answers a prompt with a decoder's folder, telling the text piece by piece. Blocks its thread. */
export async function generateText(order: GenerationOrder, listener: TextListener): Promise<GeneratedText> {
  const tokenizer = await loadTokenizer(order.folder);
  const { generator, tuned, precision, note } = await withDecoder(order.folder, async (decoder) => {
    checkVocabulary(tokenizer, decoder.config);
    const { weights, shape, ...rest } = await openDecoder(decoder, order);
    return { ...rest, generator: await Generator.open(weights, shape, { threads: order.threads }) };
  });
  try {
    if (note !== undefined) listener.onNote(note);
    return { ...(await drawPieces(generator, tokenizer, tuned, order, listener)), precision };
  } finally {
    await generator.close();
  }
}

async function drawPieces(
  generator: Generator,
  tokenizer: Tokenizer,
  tuned: NamedTensors,
  { prompt, settings, seed, stop }: GenerationOrder,
  { onPiece }: Pick<TextListener, 'onPiece'>,
): Promise<Omit<GeneratedText, 'precision'>> {
  const start = tokensOf(tokenizer, prompt);
  const stream = randomStream(seed, 'generate-text');
  const drawn: number[] = [];
  let told = '';
  let [ended, stopped] = [false, false];
  while (!ended && drawn.length < settings.maxNewTokens) {
    stopped = Atomics.load(stop, 0) !== 0;
    if (stopped) break;
    const left = settings.maxNewTokens - drawn.length;
    // The first run asks for everything, so that what does not fit is said before anything is written.
    if (drawn.length === 0) generator.check([{ ids: start, stream }], settings);
    const asked = [{ ids: [...start, ...drawn], stream, position: drawn.length }];
    const piece = { ...settings, maxNewTokens: Math.min(TOKENS_A_PIECE, left) };
    const completions = await generator.generate(asked, piece, tuned);
    const [completion] = completions as [Completion];
    drawn.push(...completion.ids);
    ended = completion.ended;
    const text = writtenText(tokenizer, drawn, prompt);
    // A letter whose last bytes are still to come shows as U+FFFD.
    const whole = ended || drawn.length >= settings.maxNewTokens ? text : text.replace(/\uFFFD+$/, '');
    if (whole.length > told.length) onPiece(whole.slice(told.length));
    told = whole;
  }
  const reason = ended ? 'end' : stopped ? 'stopped' : 'length';
  return { text: told, promptTokens: start.length, newTokens: drawn.length, reason };
}

function tokensOf(tokenizer: Tokenizer, prompt: TextPrompt): number[] {
  return 'text' in prompt
    ? [tokenizer.clsTokenId, ...tokenizer.encodeRaw(prompt.text)]
    : promptTokens(tokenizer, prompt);
}

/** An answer begins after the template's blank; a text that goes on keeps its blanks. */
function writtenText(tokenizer: Tokenizer, ids: readonly number[], prompt: TextPrompt): string {
  const text = tokenizer.decode(ids);
  return 'text' in prompt ? text : text.trimStart();
}
