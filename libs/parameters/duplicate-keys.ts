import { ParametersError } from './parameters-error.ts';

/**
 * Throws when an object in valid JSON text names a key twice, which `JSON.parse` would let pass by keeping the last;
 * two readers that keep different ones would see different tensors under one digest.
 */
export function assertNoDuplicateKeys(json: string): void {
  const seen: Set<string>[] = [];
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === '{' || character === '[') seen.push(new Set());
    else if (character === '}' || character === ']') seen.pop();
    else if (character === '"') {
      const end = closingQuote(json, at);
      if (isKey(json, end)) {
        const key = JSON.parse(json.slice(at, end + 1)) as string;
        const keys = seen.at(-1);
        if (keys?.has(key))
          throw new ParametersError(
            'parameters.safetensors-duplicate-name',
            `Not a valid safetensors file: ${key} is named twice.`,
          );
        keys?.add(key);
      }
      at = end;
    }
  }
}

function closingQuote(json: string, opening: number): number {
  let at = opening + 1;
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at;
}

function isKey(json: string, end: number): boolean {
  let at = end + 1;
  while (' \t\r\n'.includes(json[at] ?? '-')) at++;
  return json[at] === ':';
}
