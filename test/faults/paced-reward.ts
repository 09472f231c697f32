// A reward model that takes its time: while a file `hold` lies in the work folder it answers nothing that it is asked in earnest.
// What it keeps waiting and what it scores it writes down, a line each time.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineRewardModel } from '#reward-models';

const home = process.env['AIRTUNE_HOME'] ?? '';

export default defineRewardModel({
  name: 'paced',
  version: '1',
  range: { lowest: 0, highest: 1 },
  standardisation: { mean: 0.5, deviation: 0.25 },
  score: async (completions) => {
    if (completions[0]?.prompt === 'Are you there?') return [0.5];
    const what = createHash('sha256').update(JSON.stringify(completions)).digest('hex');
    if (existsSync(join(home, 'hold'))) await appendFile(join(home, 'paced-held.log'), `${what}\n`);
    while (existsSync(join(home, 'hold'))) await sleep(20);
    await appendFile(join(home, 'paced.log'), `${what}\n`);
    return completions.map(({ completion }) => 1 / (1 + completion.length));
  },
});
