import { join } from 'node:path';
import { tuneOnInstructions } from '#tuning';
import type { Settings } from '../settings.ts';
import { readTuneSpec } from '../spec/read-tune-spec.ts';
import { trainModel } from './train-model.ts';

/** Tunes a GPT-2 on instructions and says how it goes; after Ctrl-C the same command goes on. */
export async function tune(
  file: string,
  { json }: { readonly json: boolean },
  settings: Settings,
  process: NodeJS.Process,
): Promise<void> {
  const spec = await readTuneSpec(file);
  const words = { event: 'tuning', documents: 'instructions', targets: "the answers' tokens" };
  const workFolder = join(settings.home, 'tuning', spec.name);
  const command = `airtune tune ${file}`;
  await trainModel((options) => tuneOnInstructions(spec, options), {
    words,
    command,
    json,
    workFolder,
    settings,
    process,
  });
}
