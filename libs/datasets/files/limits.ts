import { DatasetsError } from '../datasets-error.ts';

/** A longer row is almost always a quote that never closes or a file without line ends. Characters. */
export const MAX_ROW_CHARACTERS = 1_000_000;
/** Rows of a data set live in memory: 120,000 rows of AG News are 30 million characters. */
export const MAX_ROWS = 5_000_000;
export const MAX_TOTAL_CHARACTERS = 1_000_000_000;

export interface RowLimits {
  readonly rows: number;
  readonly characters: number;
}

/** Counts rows as they are read and stops before memory does. */
export class RowCounter {
  readonly #path: string;
  readonly #limits: RowLimits;
  #rows = 0;
  #characters = 0;

  constructor(path: string, limits: RowLimits = { rows: MAX_ROWS, characters: MAX_TOTAL_CHARACTERS }) {
    this.#path = path;
    this.#limits = limits;
  }

  get rows(): number {
    return this.#rows;
  }

  add(characters: number, line: number): void {
    this.#rows += 1;
    this.#characters += characters;
    const over = this.#rows > this.#limits.rows ? 'rows' : 'characters';
    if (this.#rows <= this.#limits.rows && this.#characters <= this.#limits.characters) return;
    throw new DatasetsError(
      'data.too-large',
      `${this.#path}, line ${line}: more than ${this.#limits[over].toLocaleString('en')} ${over}, which is the most that is held in memory. Give a smaller file.`,
    );
  }
}
