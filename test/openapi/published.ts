import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from '@jest/globals';

interface Content {
  readonly schema?: object;
  readonly 'x-event-data'?: object;
}

interface Operation {
  readonly summary?: string;
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Content>> }>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** What a coordinator publishes about itself at `/docs/openapi.json`, to hold its answers against. */
export class Published {
  readonly document: Document;
  /** `GET /experiments/{id} 200`: what was held against its description. */
  readonly seen = new Set<string>();
  readonly #ajv = new Ajv2020({ strict: true, allErrors: true, strictRequired: false });
  readonly #validators = new Map<object, ValidateFunction>();

  private constructor(document: Document) {
    this.document = document;
    // `x-event-data` and OpenAPI's own keywords stand beside JSON Schema's.
    this.#ajv.addVocabulary(['components', 'paths', 'info', 'openapi', 'tags', 'servers', 'security', 'example']);
    addFormats.default(this.#ajv, ['date-time', 'uri', 'binary', 'int32']);
    this.#ajv.addSchema(document, 'published');
  }

  static async of(url: string): Promise<Published> {
    const document = (await (await fetch(`${url}/docs/openapi.json`)).json()) as Document;
    const { valid, errors } = await new Validator().validate(structuredClone(document) as never);
    expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
    return new Published(document);
  }

  /** Every route that is described: `GET /experiments/{id}`. */
  get routes(): readonly string[] {
    return Object.entries(this.document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
  }

  /** The answer is described: route, status, kind of content, and JSON down to its last field. */
  check(method: string, path: string, status: number, type: string | null, body: unknown): void {
    const [template, operation] = this.#operation(method, path);
    if (operation === undefined) {
      expect({ method, path, status }).toMatchObject({ status: 404 });
      return;
    }
    const { content } = operation.responses[status] ?? {};
    const [described = 'nothing'] = Object.keys(content ?? {});
    const problems = body === undefined ? null : this.#problems(content?.[described]?.schema, body);
    expect({ method, path, status, described: operation.responses[status] !== undefined, problems }).toEqual({
      ...{ method, path, status, described: true, problems: null },
    });
    expect(type?.split(';')[0] ?? 'nothing').toBe(described);
    this.seen.add(`${method} ${template} ${status}`);
  }

  /** The same of one event of a stream. */
  checkEvent(path: string, data: unknown): void {
    const [template, operation] = this.#operation('GET', path);
    expect(this.#problems(operation?.responses['200']?.content?.['text/event-stream']?.['x-event-data'], data)).toBe(
      null,
    );
    this.seen.add(`GET ${template} 200`);
  }

  #operation(method: string, path: string): [string, Operation | undefined] {
    const parts = path.split('/');
    const fits = (template: string): boolean => {
      const pattern = template.split('/');
      return pattern.length === parts.length && pattern.every((part, at) => part.startsWith('{') || part === parts[at]);
    };
    const [template = path, operations] = Object.entries(this.document.paths).find(([one]) => fits(one)) ?? [];
    return [template, operations?.[method.toLowerCase()]];
  }

  #problems(schema: object | undefined, value: unknown): unknown {
    if (schema === undefined) return 'no schema';
    const known = this.#validators.get(schema);
    const validate = known ?? this.#ajv.compile(withBase(schema));
    this.#validators.set(schema, validate);
    return validate(value) ? null : validate.errors;
  }
}

/** References of the document, from a schema that is taken out of it. */
function withBase(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"published#/')) as object;
}
