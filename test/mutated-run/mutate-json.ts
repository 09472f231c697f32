import fc from 'fast-check';

type Json = null | boolean | number | string | Json[] | JsonObject;
// A record cannot refer to itself.
interface JsonObject {
  [name: string]: Json;
}

/** What stands where something else was: of another type, out of bounds, or such as parsers and databases trip over. */
const INSTEAD: readonly Json[] = [
  ...[null, true, -1, 0, 1, 2, 7, 0.5, 1e21, -1e308, 4294967297, Number.MAX_SAFE_INTEGER],
  ...[
    '',
    'x',
    '\u0000',
    '\ud800',
    '../../etc/passwd',
    '__proto__',
    'sha256:',
    'a'.repeat(70_000),
    'client-0',
    'client-1',
  ],
  ...['2026-13-01T00:00:00Z', '0000-01-01T00:00:00Z', 'NaN', "'; DROP TABLE airtune.round; --"],
  ...[[], {}, [[]], { constructor: {} }, Array.from({ length: 20_000 }, () => 0)],
];

/** A change of a JSON text; numbers are taken modulo what there is. */
export const mutations = fc.record({
  how: fc.constantFrom(
    ...[
      'replace',
      'replace',
      'replace',
      'near',
      'remove',
      'rename',
      'add',
      'swap',
      'digit',
      'flip',
      'truncate',
      'grow',
    ],
    ...['nest', 'reorder'],
  ),
  at: fc.nat(),
  which: fc.nat(),
});

type Mutation = typeof mutations extends fc.Arbitrary<infer M> ? M : never;

interface Place {
  readonly holder: Json[] | JsonObject;
  readonly name: string | number;
}

/** Every place in a value that holds another. */
function placesIn(value: Json): Place[] {
  if (value === null || typeof value !== 'object') return [];
  const names = Array.isArray(value) ? value.map((_, index) => index) : Object.keys(value);
  return names.flatMap((name) => [{ holder: value, name }, ...placesIn(read({ holder: value, name }))]);
}

function read({ holder, name }: Place): Json {
  return (holder as Record<string | number, Json>)[name] ?? null;
}

function write({ holder, name }: Place, value: Json): void {
  Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true });
}

/** The text with one change. */
export function mutate(json: string, { how, at, which }: Mutation): string {
  if (how === 'truncate') return json.slice(0, at % json.length);
  if (how === 'grow') return json + json.slice(at % json.length);
  if (how === 'flip') {
    const bytes = Buffer.from(json);
    const place = at % bytes.length;
    bytes[place] = (bytes[place] ?? 0) ^ (1 << (which % 8));
    return bytes.toString('utf8');
  }
  if (how === 'nest') return `${'['.repeat((at % 5) * 2000)}${json}${']'.repeat((at % 5) * 2000)}`;
  const whole = JSON.parse(json) as JsonObject;
  // What a fact says is larger than its envelope, and more is made of it.
  const within = placesIn(whole['data'] ?? null);
  const places = at % 4 === 0 || within.length === 0 ? placesIn(whole) : within;
  const place = chosen(places, at);
  const other = chosen(places, which);
  const value = read(place);
  switch (how) {
    case 'near':
      if (typeof value === 'number') write(place, value + (which % 2 === 0 ? 1 : -1));
      else write(place, `${JSON.stringify(value)}-${String(which % 3)}`);
      break;
    case 'digit':
      write(place, typeof value === 'string' ? value.replace(/[0-9a-f]/, (which % 16).toString(16)) : which);
      break;
    case 'remove':
      if (Array.isArray(place.holder)) place.holder.splice(Number(place.name), 1);
      else Reflect.deleteProperty(place.holder, place.name);
      break;
    case 'rename':
      write({ ...place, name: `${String(place.name)}x` }, value);
      if (!Array.isArray(place.holder)) Reflect.deleteProperty(place.holder, place.name);
      break;
    case 'add':
      write({ ...place, name: chosen(['extra', '__proto__', 'toString', ''], which) }, 1);
      break;
    case 'swap':
      write(place, read(other));
      write(other, value);
      break;
    case 'reorder':
      return JSON.stringify(Object.fromEntries(Object.entries(whole as object).reverse()));
    default:
      write(place, chosen(INSTEAD, which));
  }
  return safely(whole);
}

function chosen<T>(all: readonly T[], number: number): T {
  const one = all[number % all.length];
  if (one === undefined) throw new Error('there is nothing to choose from');
  return one;
}

/** What was swapped may hold itself. */
function safely(value: Json): string {
  try {
    return JSON.stringify(value);
  } catch {
    return '{"circular":true}';
  }
}
