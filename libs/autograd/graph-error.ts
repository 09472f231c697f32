/** A graph that cannot be built or run; `code` is stable. Building the same graph again fails again, so never retryable. */
export class GraphError extends Error {
  readonly code: string;
  readonly retryable = false;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'GraphError';
    this.code = `graph.${code}`;
  }
}

export function describeShape(shape: readonly (number | string)[]): string {
  return `[${shape.join(', ')}]`;
}
