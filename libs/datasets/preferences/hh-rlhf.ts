import { DatasetsError } from '../datasets-error.ts';
import { readJsonRows, textOf } from '../files/json-rows.ts';
import { checkRow, type PreferenceRow } from './preference-pair.ts';

/** One turn of a dialogue, such as { speaker: 'Human', text: 'Hello' }. */
interface Turn {
  readonly speaker: string;
  readonly text: string;
}

/**
 * Anthropic's hh-rlhf: JSON lines with two dialogues, `chosen` and `rejected`, of turns that begin with "\n\nHuman:" or
 * "\n\nAssistant:". The prompt is what both begin with, up to the assistant's turn in which they part. Dialogues that open with the same human
 * turn are one group.
 */
export async function* readHhRlhf(path: string): AsyncGenerator<PreferenceRow> {
  for await (const row of readJsonRows(path, '{"chosen": "\\n\\nHuman: …", "rejected": "\\n\\nHuman: …"}')) {
    const [chosen, rejected] = [turnsOf(textOf(path, row, 'chosen')), turnsOf(textOf(path, row, 'rejected'))];
    const parting = partingTurn(chosen, rejected);
    if (parting === undefined) {
      throw new DatasetsError(
        'data.dialogue',
        `${path}, ${row.place}: the two dialogues do not part in a turn of the assistant. Each is "\\n\\nHuman: … \\n\\nAssistant: …", with the same human turn first.`,
      );
    }
    yield checkRow(
      {
        prompt: promptOf(chosen.slice(0, parting)),
        chosen: completionOf(chosen.slice(parting)),
        rejected: completionOf(rejected.slice(parting)),
        group: chosen[0]?.text ?? '',
        line: row.line,
      },
      path,
      row.place,
    );
  }
}

function turnsOf(dialogue: string): Turn[] {
  return dialogue
    .split(/\n\n(?=(?:Human|Assistant):)/)
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const [, speaker = '', text = part] = /^(Human|Assistant):(.*)$/s.exec(part.trim()) ?? [];
      return { speaker, text: text.trim() };
    });
}

/** The assistant's turn in which two dialogues begin to differ; equal ones part in their last turn. */
function partingTurn(chosen: readonly Turn[], rejected: readonly Turn[]): number | undefined {
  const shorter = Math.min(chosen.length, rejected.length);
  let turn = 0;
  while (turn < shorter && same(chosen[turn], rejected[turn])) turn += 1;
  for (turn = Math.min(turn, shorter - 1); turn > 0; turn -= 1) {
    if (chosen[turn]?.speaker === 'Assistant' && rejected[turn]?.speaker === 'Assistant') return turn;
  }
  return undefined;
}

function same(left: Turn | undefined, right: Turn | undefined): boolean {
  return left?.speaker === right?.speaker && left?.text === right?.text;
}

/** A single question stands as it is, as instructions do; of a dialogue, all turns with their speakers. */
function promptOf(turns: readonly Turn[]): string {
  return turns.length === 1 ? (turns[0]?.text ?? '') : withSpeakers(turns);
}

function completionOf(turns: readonly Turn[]): string {
  const [first, ...rest] = turns;
  return rest.length === 0 ? (first?.text ?? '') : `${first?.text ?? ''}\n\n${withSpeakers(rest)}`;
}

function withSpeakers(turns: readonly Turn[]): string {
  return turns.map(({ speaker, text }) => `${speaker}: ${text}`).join('\n\n');
}
