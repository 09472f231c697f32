import { RequireToken } from '#operations';
import { applyDecorators, HttpStatus, UseFilters, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { SameAsJson } from './as-json.ts';
import { ErrorsAsJson, errorAnswer } from './errors-as-json.ts';

/** What a status means, for each that there is. */
type Statuses = Readonly<Record<number, string>>;

const OF_ALL: Statuses = {
  [HttpStatus.UNAUTHORIZED]: 'a token is set, and the request has none or another',
  [HttpStatus.FORBIDDEN]: 'no token is set, and the request does not name a loopback address',
  [HttpStatus.INTERNAL_SERVER_ERROR]: 'the coordinator failed; its log says why',
  [HttpStatus.SERVICE_UNAVAILABLE]: 'the database is away; the same request may be made again',
};

/** A controller of the REST border: guarded, with errors as JSON, both described. */
export function RestBorder(tag: string): ClassDecorator {
  return applyDecorators(
    UseGuards(RequireToken),
    UseFilters(ErrorsAsJson),
    ApiTags(tag),
    ApiBearerAuth(),
    Refuses(OF_ALL),
  );
}

/** Controllers below an experiment. */
export function OfExperiment(): ClassDecorator & MethodDecorator {
  return applyDecorators(
    ApiParam({ name: 'id', description: 'the experiment’s name', schema: { type: 'string' } }),
    Refuses({ [HttpStatus.NOT_FOUND]: 'there is no such experiment' }),
  );
}

type Handler = (...given: never[]) => Promise<unknown>;

/** The descriptor of a handler that answers just what the schema says; of any other, what is wrong. */
type Answering<Method extends Handler, Answer> =
  SameAsJson<Awaited<ReturnType<Method>>, Answer> extends true
    ? TypedPropertyDescriptor<Method>
    : { readonly theHandlerAnswersSomethingElse: Awaited<ReturnType<Method>> };

type DescribeHandler<Answer> = <Method extends Handler>(
  border: object,
  name: string | symbol,
  handler: TypedPropertyDescriptor<Method> & Answering<Method, Answer>,
) => void;

/** Describes a route and its answer; the compiler refuses a schema that is not what the handler answers, as JSON. */
export function Answers<Answer>(
  schema: z.ZodType<Answer>,
  summary: string,
  statuses: Statuses = { [HttpStatus.OK]: 'as the schema says' },
): DescribeHandler<Answer> {
  return describe(summary, statuses, { standardSchema: schema });
}

/** The same of a list of such. */
export function AnswersList<Item>(schema: z.ZodType<Item>, summary: string): DescribeHandler<Item[]> {
  return describe(summary, { [HttpStatus.OK]: 'as the schema says' }, { standardSchema: schema, isArray: true });
}

/** Describes a route that answers nothing once it is done. */
export function AnswersNothing(summary: string): DescribeHandler<void> {
  return describe(summary, { [HttpStatus.NO_CONTENT]: 'done' }, {});
}

/** Statuses of refusals; their body is `{ code, message }`. */
export function Refuses(statuses: Statuses): ClassDecorator & MethodDecorator {
  return applyDecorators(...responses(statuses, { standardSchema: errorAnswer }));
}

function describe(summary: string, statuses: Statuses, content: object): MethodDecorator {
  return applyDecorators(ApiOperation({ summary }), ...responses(statuses, content));
}

function responses(statuses: Statuses, content: object): MethodDecorator[] {
  return Object.entries(statuses).map(([status, description]) =>
    ApiResponse({ status: Number(status), description, ...content }),
  );
}
