import type { z } from 'zod';

/** Each problem as `path: what was wrong (what is allowed)`, in the words of whoever wrote the file. */
export function explainIssues(error: z.ZodError): string[] {
  return error.issues.flatMap((issue) => explain(issue, []));
}

function explain(issue: z.core.$ZodIssue, above: readonly PropertyKey[]): string[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${written([...path, key])}: unknown field`);
  }
  return [`${written(path)}: ${issue.message}`];
}

function written(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the document';
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${String(part)}`))
    .join('');
}
