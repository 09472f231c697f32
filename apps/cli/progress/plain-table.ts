import Table from 'cli-table3';

/** Figures are read from their right end, words from their left. */
function isFigure(cell: string): boolean {
  return /^$|^[−+-]?\d/.test(cell);
}

/** A table without frames: columns that line up, nothing else. */
export function plainTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const edges = ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'];
  const inner = ['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'];
  const chars = Object.fromEntries([...edges, ...inner].map((edge) => [edge, '']));
  const table = new Table({
    head: [...head],
    chars: { ...chars, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: head.map((_, column) => (rows.every((row) => isFigure(row[column] ?? '')) ? 'right' : 'left')),
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString().replace(/ +$/gm, '');
}
