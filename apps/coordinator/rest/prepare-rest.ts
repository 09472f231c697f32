import type { IncomingMessage, ServerResponse } from 'node:http';
import { explainIssues } from '#contracts';
import { StandardSchemaValidationPipe } from '@nestjs/common';
import type { ServiceApplication } from '#operations';
import { SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';
import { CoordinatorError } from '../coordinator-error.ts';
import { ErrorsAsJson } from './errors-as-json.ts';
import { openApiDocument } from './open-api-document.ts';

/** The largest submission: a manifest of 100,000 tensors. */
const BODY_LIMIT = '16mb';

/** Bodies and queries are checked against their schemas, errors are JSON, and `/docs` describes it all. */
export function prepareRest(application: ServiceApplication['nest']): void {
  application.useBodyParser('json', { limit: BODY_LIMIT });
  application.useGlobalPipes(new StandardSchemaValidationPipe({ exceptionFactory }));
  application.use(refuseNul);
  application.useGlobalFilters(new ErrorsAsJson());
  SwaggerModule.setup('docs', application, () => openApiDocument(application), {
    jsonDocumentUrl: 'docs/openapi.json',
  });
}

/** No name in the record has a NUL, and PostgreSQL takes none. */
function refuseNul({ url = '' }: IncomingMessage, response: ServerResponse, next: () => void): void {
  if (!url.includes('%00')) {
    next();
    return;
  }
  response.writeHead(404, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify({ code: 'request.not-found', message: 'Nothing here has a NUL in its name.' }));
}

/** Every schema of a request is zod's, so its issues are too. */
function exceptionFactory(issues: readonly unknown[]): Error {
  const error = new z.ZodError(issues as z.core.$ZodIssue[]);
  return new CoordinatorError('request.invalid', explainIssues(error).join('\n'));
}
