import { GraphError } from '../graph-error.ts';
import type { Value } from '../value.ts';

/** Operators with a gradient compute in float32. */
export function requireFloat(operator: string, ...values: readonly Value[]): void {
  for (const value of values) {
    if (value.type !== 'float32') {
      throw new GraphError('type', `${operator}: ${value.name} is ${value.type}, float32 is needed.`);
    }
  }
}
