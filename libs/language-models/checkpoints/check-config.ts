import type { z } from 'zod';

import { ModelError } from '../model-error.ts';

/** The `model_type` of a parsed config.json, which must be one of `known`. Throws `model.config-invalid` or `model.unsupported`. */
export function modelTypeOf<Type extends string>(json: unknown, where: string, known: readonly Type[]): Type {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new ModelError('model.config-invalid', `${where}: expected a JSON object`);
  }
  const found = (json as Record<string, unknown>)['model_type'];
  const modelType = known.find((type) => type === found);
  if (modelType === undefined) {
    const wanted = known.map((type) => JSON.stringify(type)).join(' or ');
    const instead = found === undefined ? 'there is none' : `found ${JSON.stringify(found)}`;
    throw new ModelError('model.unsupported', `${where}: model_type must be ${wanted}; ${instead}`);
  }
  return modelType;
}

/** What the schema makes of a parsed config.json. Throws `model.config-invalid`, naming each field that is wrong. */
export function checkConfig<Schema extends z.ZodType>(schema: Schema, json: unknown, where: string): z.output<Schema> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`);
  throw new ModelError('model.config-invalid', `${where}: ${issues.join('; ')}`);
}
