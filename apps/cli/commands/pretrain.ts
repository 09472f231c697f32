import { join } from 'node:path';
import { pretrain as train } from '#tuning';
import type { Settings } from '../settings.ts';
import { readPretrainSpec } from '../spec/read-pretrain-spec.ts';
import { trainModel } from './train-model.ts';

/** Pre-trains an encoder or a GPT-2 and says how it goes; after Ctrl-C the same command goes on. */
export async function pretrain(
  file: string,
  { json }: { readonly json: boolean },
  settings: Settings,
  process: NodeJS.Process,
): Promise<void> {
  const spec = await readPretrainSpec(file);
  const targets = spec.model.type === 'gpt2' ? 'next tokens' : 'masked tokens';
  const words = { event: 'pretraining', documents: 'documents', targets };
  const workFolder = join(settings.home, 'pretraining', spec.name);
  const command = `airtune pretrain ${file}`;
  await trainModel((options) => train(spec, options), { words, command, json, workFolder, settings, process });
}
