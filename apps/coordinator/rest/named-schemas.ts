import { baseModel, experimentSpec } from '#contracts';
import type { OpenAPIObject, SwaggerDocumentOptions } from '@nestjs/swagger';
import { z } from 'zod';

type Convert = NonNullable<SwaggerDocumentOptions['standardSchemaConverter']>;
type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;
type JsonSchema = Schemas[string];

const names = new Map<unknown, string>([
  [experimentSpec, 'ExperimentSpec'],
  [baseModel, 'BaseModel'],
]);

/** Gives a schema a name in the description, where others refer to it. */
export function named<Schema extends z.ZodType>(name: string, schema: Schema): Schema {
  names.set(schema, name);
  return schema;
}

/** The schemas that a description needs for a named one, by their names. */
export function componentsOf(schema: z.ZodType): Schemas {
  const components: Schemas = {};
  reference(schema, write(schema, components), components);
  return components;
}

/** A zod schema as OpenAPI 3.1 has it, which is JSON Schema; what has a name stands once and is referred to. */
export const asOpenApi: Convert = (schema) => {
  if (!(schema instanceof z.ZodType)) return undefined;
  const components: Schemas = {};
  const written = write(schema, components);
  return { schema: names.has(schema) ? reference(schema, written, components) : written, components };
};

/** As it is written, before defaults are filled in: an older experiment's spec may lack a younger field. */
function write(schema: z.ZodType, components: Schemas): JsonSchema {
  const inner: z.ZodType[] = [];
  const written = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema, path }) => {
      const name = path.length === 0 ? undefined : names.get(zodSchema);
      if (name === undefined) return;
      if (zodSchema instanceof z.ZodType) inner.push(zodSchema);
      for (const keyword of Object.keys(jsonSchema)) Reflect.deleteProperty(jsonSchema, keyword);
      jsonSchema.$ref = pathOf(name);
    },
  });
  for (const one of inner) {
    if (!Object.hasOwn(components, names.get(one) ?? '')) reference(one, write(one, components), components);
  }
  delete written.$schema;
  return written as JsonSchema;
}

function reference(schema: z.ZodType, written: JsonSchema, components: Schemas): JsonSchema {
  const name = names.get(schema) ?? '';
  components[name] = written;
  return { $ref: pathOf(name) };
}

function pathOf(name: string): string {
  return `#/components/schemas/${name}`;
}
