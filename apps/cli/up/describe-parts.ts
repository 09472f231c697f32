import { plainTable } from '../progress/plain-table.ts';

/** Parts and where they are reached, one a line. */
export function describeParts(
  parts: readonly {
    readonly name: string;
    readonly state: string;
    readonly address?: string | undefined;
    readonly restarts: number;
  }[],
): string {
  const rows = parts.map(({ name, state, address, restarts }) => [name, state, address ?? '', String(restarts)]);
  return plainTable(['part', 'state', 'address', 'restarts'], rows);
}
