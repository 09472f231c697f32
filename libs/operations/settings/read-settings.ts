import { explainIssues } from '#contracts';
import type { z } from 'zod';
import { OperationsError } from '../operations-error.ts';

/**
 * Reads a process's settings from its environment, once; an empty variable counts as one that is not set.
 * @throws OperationsError `settings.invalid` that names each variable, what is wrong with it and what it is for.
 */
export function readSettings<Variables extends z.ZodObject>(
  variables: Variables,
  environment: Readonly<Record<string, string | undefined>>,
): z.output<Variables> {
  const known = Object.keys(variables.shape).map((name) => [name, environment[name]] as const);
  const set = Object.fromEntries(known.filter(([, value]) => value !== undefined && value !== ''));
  const checked = variables.safeParse(set);
  if (checked.success) return checked.data;
  throw new OperationsError('settings.invalid', explainIssues(checked.error, variables, set).join('\n'));
}
