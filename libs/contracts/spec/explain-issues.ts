import { z } from 'zod';
import { issueInWords } from './issue-in-words.ts';

/** One thing that is wrong with a document: where, what, and what is allowed there. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Each problem that a schema found, at the innermost field; an unknown field comes with the fields that there are. */
export function problemsOf(error: z.ZodError, schema?: z.ZodType, value?: unknown): Problem[] {
  return nearest(error.issues).flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') {
      return [{ path: issue.path, message: issueInWords(issue, valueAt(value, issue.path)) }];
    }
    const known = schema === undefined ? [] : fieldsAt(schema, issue.path, value);
    const allowed = known.length === 0 ? '' : `; allowed here: ${known.join(', ')}`;
    return issue.keys.map((key) => ({ path: [...issue.path, key], message: `unknown field${allowed}` }));
  });
}

/** Of alternatives that are fields, what is wrong with the one that the value is nearest to. */
function nearest(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] {
  return issues.flatMap((issue) => {
    if (issue.code !== 'invalid_union') return [issue];
    const strange = (branch: readonly z.core.$ZodIssue[]) =>
      branch.filter(({ code, path }) => code === 'unrecognized_keys' || path.length > 0).length;
    const branches = issue.errors.filter((branch) => strange(branch) > 0);
    const [first] = branches;
    if (first === undefined || branches.length < issue.errors.length) return [issue];
    const foreign = (branch: readonly z.core.$ZodIssue[]) =>
      branch.flatMap((inner) => (inner.code === 'unrecognized_keys' ? inner.keys : [])).length;
    const best = branches.reduce((least, branch) => (foreign(branch) < foreign(least) ? branch : least), first);
    return nearest(best.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })));
  });
}

/** Each problem as `path: what was wrong`. */
export function explainIssues(error: z.ZodError, schema?: z.ZodType, value?: unknown): string[] {
  return problemsOf(error, schema, value).map(({ path, message }) => `${writtenPath(path)}: ${message}`);
}

/** A path as a reader writes it: `clients.partition.dirichletAlpha`, `files[2]`. */
export function writtenPath(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the document';
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${String(part)}`))
    .join('');
}

function fieldsAt(schema: z.ZodType, path: readonly PropertyKey[], value: unknown): string[] {
  const bare = unwrap(schema, value);
  const [next, ...rest] = path;
  if (bare instanceof z.ZodRecord && next !== undefined) {
    return fieldsAt(bare.valueType as z.ZodType, rest, valueAt(value, [next]));
  }
  if (bare instanceof z.ZodArray && typeof next === 'number') {
    const list = Array.isArray(value) ? value : [value];
    return fieldsAt(bare.element as z.ZodType, rest, valueAt(list, [next]));
  }
  if (!(bare instanceof z.ZodObject)) return [];
  if (next === undefined) return Object.keys(bare.shape);
  const inner = (bare.shape as Record<PropertyKey, z.ZodType>)[next];
  return inner === undefined ? [] : fieldsAt(inner, rest, valueAt(value, [next]));
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (within, part) =>
      typeof within === 'object' && within !== null ? (within as Record<PropertyKey, unknown>)[part] : undefined,
    value,
  );
}

/** Takes defaults and optionals off; of a discriminated union, the branch that the value names. */
function unwrap(schema: z.ZodType, value: unknown): z.ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return unwrap(schema.def.innerType as z.ZodType, value);
  }
  if (schema instanceof z.ZodPipe) return unwrap(schema.def.out as z.ZodType, value);
  if (schema instanceof z.ZodUnion && !(schema instanceof z.ZodDiscriminatedUnion)) {
    const fields = Object.keys(value ?? {});
    const known = (option: z.ZodType) =>
      option instanceof z.ZodObject ? fields.filter((field) => field in option.shape).length : -1;
    const options = schema.def.options as z.ZodType[];
    return options.reduce((best, option) => (known(option) > known(best) ? option : best));
  }
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const { discriminator, options } = schema.def;
    const named = (value as Record<string, unknown> | undefined)?.[discriminator];
    const branch = (options as z.ZodType[]).find(
      (option) => option instanceof z.ZodObject && (option.shape[discriminator] as z.ZodLiteral).value === named,
    );
    return branch ?? schema;
  }
  return schema;
}
