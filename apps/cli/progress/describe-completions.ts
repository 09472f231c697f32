import Table from 'cli-table3';
import type { ComparedCompletion } from './run-figures.ts';

const WIDTHS = { instruction: 30, answer: 42 };
/** A longer answer is cut: this is a glance. */
const MOST_CHARACTERS = 200;

/** Answers before and after training side by side, and of the client's own decoder, each with its scores. */
export function describeCompletions(completions: readonly ComparedCompletion[]): string {
  const edges = ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'];
  const inner = ['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'];
  const owned = completions.some(({ own }) => own !== undefined);
  const answers = ['before', 'after', ...(owned ? ['its own decoder'] : [])];
  const table = new Table({
    head: [completions[0]?.client ?? '', ...answers],
    colWidths: [WIDTHS.instruction, ...answers.map(() => WIDTHS.answer)],
    wordWrap: true,
    chars: { ...Object.fromEntries([...edges, ...inner].map((edge) => [edge, ''])), middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const { instruction, before, after, own } of completions)
    table.push([brief(instruction), answered(before), answered(after), ...(own === undefined ? [] : [answered(own)])]);
  return table.toString().replace(/ +$/gm, '');
}

function answered({ text, rewards }: ComparedCompletion['before']): string {
  const scores = Object.entries(rewards).map(([name, score]) => `${name} ${score.toFixed(2)}`);
  return `${brief(text) || '(nothing)'}\n[${scores.join(', ')}]`;
}

function brief(text: string): string {
  const words = text.replace(/\s+/g, ' ').trim();
  return words.length > MOST_CHARACTERS ? `${words.slice(0, MOST_CHARACTERS - 1)}…` : words;
}
