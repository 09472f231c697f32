import type { z } from 'zod';

type Issue = z.core.$ZodIssue;
type Bound = z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig;

const KINDS: Readonly<Record<string, string>> = {
  object: 'fields with values',
  record: 'names with values',
  array: 'a list',
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

/** What is wrong with a value, and what would be right, for a reader who never heard of schemas. */
export function issueInWords(issue: Issue, found: unknown): string {
  const { code } = issue;
  if (code === 'invalid_type' || code === 'invalid_value') return expectation(required(issue), found);
  if (code === 'invalid_union') return expectation(alternatives(issue), found);
  if (code === 'too_small') return expectation(bound(issue, issue.minimum, 'at least', 'more than'), found);
  if (code === 'too_big') return expectation(bound(issue, issue.maximum, 'at most', 'less than'), found);
  return code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
}

function expectation(wanted: string, found: unknown): string {
  return found === undefined ? `is missing; it must be ${wanted}` : `must be ${wanted}, not ${written(found)}`;
}

function required(issue: Issue): string {
  if (issue.code === 'invalid_type') return ownWords(issue) ?? KINDS[issue.expected] ?? issue.expected;
  if (issue.code === 'invalid_value') return issue.values.map(String).join(' or ');
  return issue.message;
}

/** What a schema wants, where it says so itself: otherwise the message is the library's. */
function ownWords({ message }: Issue): string | undefined {
  return message.startsWith('Invalid input') ? undefined : message;
}

function alternatives(issue: z.core.$ZodIssueInvalidUnion): string {
  if ('options' in issue && Array.isArray(issue.options)) return issue.options.map(String).join(' or ');
  return issue.errors.flatMap((branch) => branch.map(required)).join(' or ');
}

function bound(issue: Bound, limit: number | bigint, inclusive: string, exclusive: string): string {
  const plain = `${issue.inclusive === false ? exclusive : inclusive} ${limit}`;
  if (issue.origin === 'string') return limit === 1 ? 'text that is not empty' : `text of ${plain} characters`;
  return issue.origin === 'array' ? `a list of ${plain}` : plain;
}

/** The value as the document has it, cut short. */
function written(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? `a list of ${value.length}` : 'fields';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
