import type { ClosingFigures, OwnDecoder } from '#storage';
import { count, standardised, signed } from './figures.ts';
import { plainTable } from './plain-table.ts';

type Client = ClosingFigures['clients'][number];
type Gain = NonNullable<OwnDecoder['gain']>;

/** A mean difference with its interval over the held-out instructions. */
export function gainInWords({ mean, low, high, instructions }: Gain): string {
  return `${signed(mean)} (95 % interval ${signed(low)} to ${signed(high)} over ${count(instructions)} held-out instructions)`;
}

/** The decoder that each client ends with beside the shared one that it was made of, both by the client's own weights. */
export function describeOwn(closing: ClosingFigures, rewards: readonly string[]): string[] {
  const owners = closing.clients.flatMap((client) => (client.own === null ? [] : [{ ...client, own: client.own }]));
  const own = closing.metrics.reward?.own;
  if (owners.length === 0 || own === undefined) return [];
  const rows = owners.map((client) => [
    client.client,
    standardised(client.reward?.weighted),
    standardised(client.own.reward?.weighted),
    ...(client.own.gain === null ? ['', ''] : besideShared(client.own.gain)),
    ...rewards.map((name) => standardised(client.own.reward?.components[name])),
  ]);
  const isShown = own.gain?.isShown === true;
  return [
    '',
    'what each client ends with: its own decoder, tuned once more by its own weights after the last download',
    plainTable(['client', 'shared', 'own', 'gain', '95 % interval', ...rewards], rows),
    '',
    `own decoders           ${standardised(own.weighted)} by own weights, against the shared one ${own.gain === undefined ? 'not measured' : gainInWords(own.gain)}`,
    ...(own.gain === undefined || isShown
      ? []
      : [
          'this is NOT beyond its 95 % interval: this run does not show that own decoders earn more than the shared one',
        ]),
    ...owners.flatMap(notesOn),
    '',
  ];
}

function besideShared({ mean, low, high }: Gain): [string, string] {
  return [signed(mean), `${signed(low)} to ${signed(high)}`];
}

/** What must not be overlooked. Own decoders are kept even so: to choose by held-out instructions is to train on them. */
function notesOn({ client, reward, own }: Client): string[] {
  if (own === null) return [];
  if (own.untuned !== null) return [`${client} keeps the shared decoder: ${own.untuned}`];
  const early = own.endedEarly === null ? [] : [`${client} ended its own tuning early: ${own.endedEarly}`];
  if (own.reward === null || reward === null || own.reward.weighted >= reward.weighted) return early;
  const kept = 'it keeps its own, for these instructions measure and do not choose';
  return [...early, `${client}: its own decoder scores LOWER than the shared one; ${kept}`];
}
