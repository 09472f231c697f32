import { z } from 'zod';

/** One environment variable as its users see it. */
export interface Setting {
  readonly name: string;
  readonly meaning: string;
  /** As it would be written; undefined where there is none. */
  readonly default: string | undefined;
  readonly required: boolean;
}

/** Every variable of a declaration, in its order, with what its schema says of it. */
export function listSettings(variables: z.ZodObject): Setting[] {
  const schema = z.toJSONSchema(variables, { io: 'input', unrepresentable: 'any' });
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const { description = '', default: value } = property as { description?: string; default?: unknown };
    return {
      name,
      meaning: description,
      default: value === undefined || typeof value === 'string' ? value : JSON.stringify(value),
      required: required.has(name),
    };
  });
}

/** The variables as lines of a `--help`: name, meaning, default. */
export function describeSettings(variables: z.ZodObject): string {
  const settings = listSettings(variables);
  const width = Math.max(...settings.map(({ name }) => name.length));
  return settings
    .map((setting) => {
      const rest = setting.required
        ? ' (required)'
        : setting.default === undefined
          ? ''
          : ` (default: ${setting.default})`;
      return `  ${setting.name.padEnd(width)}  ${setting.meaning}${rest}`;
    })
    .join('\n');
}
