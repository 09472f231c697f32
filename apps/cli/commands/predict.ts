import { openExported } from '#language-models';
import type { Console } from '../progress/console.ts';
import { percent } from '../progress/figures.ts';
import { plainTable } from '../progress/plain-table.ts';

/** Classifies texts with what `airtune export` wrote, and prints the likeliest label of each. */
export async function predict(
  folder: string,
  texts: readonly string[],
  options: { readonly json: boolean },
  console: Console,
): Promise<void> {
  const model = await openExported(folder);
  try {
    const predictions = await model.classify(texts);
    if (options.json) {
      predictions.forEach((prediction, i) => {
        const { labels } = model.description;
        const probabilities = Object.fromEntries(labels.map((label, k) => [label, prediction.probabilities[k]]));
        console.stdout.write(`${JSON.stringify({ text: texts[i], label: prediction.label, probabilities })}\n`);
      });
      return;
    }
    const rows = predictions.map(({ label, probabilities }, i) => [
      label,
      percent(Math.max(...probabilities)),
      texts[i] ?? '',
    ]);
    console.stdout.write(`${plainTable(['label', 'probability', 'text'], rows)}\n`);
  } finally {
    await model.close();
  }
}
