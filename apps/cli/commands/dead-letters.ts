import type { Console } from '../progress/console.ts';
import { plainTable } from '../progress/plain-table.ts';
import { CoordinatorClient, type CoordinatorAddress } from '../remote/coordinator-client.ts';

/** `airtune dead-letters list`: messages that a service could not handle, latest first, each with its reason. */
export async function listDeadLetters(
  options: { readonly all: boolean; readonly json: boolean },
  address: CoordinatorAddress,
  console: Console,
): Promise<void> {
  const letters = await new CoordinatorClient(address).deadLetters(options.all);
  if (options.json) {
    for (const letter of letters) console.stdout.write(`${JSON.stringify(letter)}\n`);
    return;
  }
  if (letters.length === 0) {
    console.stdout.write('no dead letters\n');
    return;
  }
  const rows = letters.map((letter) => [
    String(letter.id),
    letter.service,
    letter.contract ?? '',
    letter.experimentId ?? '',
    letter.recordedAt.replace(/\.\d+Z$/, 'Z'),
    letter.retriedAt === null ? '' : 'sent again',
    `${letter.reasonCode}: ${letter.reasonMessage}`,
  ]);
  console.stdout.write(`${plainTable(['id', 'service', 'fact', 'experiment', 'when', '', 'reason'], rows)}\n`);
}

/** `airtune dead-letters retry`: sends them again, once what was wrong is mended. */
export async function retryDeadLetters(
  ids: readonly number[],
  address: CoordinatorAddress,
  console: Console,
): Promise<void> {
  const client = new CoordinatorClient(address);
  for (const id of ids) {
    await client.retryDeadLetter(id);
    console.stdout.write(`${id} is sent again\n`);
  }
}
