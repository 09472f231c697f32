import { Injectable } from '@nestjs/common';
import { Turns } from './turns.ts';

/** Which experiments a coordinator goes on with by itself: all of the record, or those asked for in this process. */
@Injectable()
export class Custody {
  readonly of: 'all' | 'asked';
  readonly #turns: Turns;

  constructor(of: Custody['of'], turns: Turns) {
    this.of = of;
    this.#turns = turns;
  }

  has(experiment: string): boolean {
    return this.of === 'all' || this.#turns.knows(experiment);
  }
}
