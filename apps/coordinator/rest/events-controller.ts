import type { ServerResponse } from 'node:http';
import { ExperimentRecord, findExperiment } from '#storage';
import { Controller, Get, Headers, HttpStatus, Param, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse } from '@nestjs/swagger';
import { CoordinatorError } from '../coordinator-error.ts';
import { ledgerEvent } from './answers/audit.ts';
import { OfExperiment, Refuses, RestBorder } from './describe-route.ts';
import { asOpenApi } from './named-schemas.ts';
import { eventsQuery, type EventsQuery } from './requests.ts';
import { StreamLedger } from './stream-ledger.ts';

/** OpenAPI 3.1 has no word for what a stream consists of. */
const EVENT_DATA = { 'x-event-data': asOpenApi(ledgerEvent, { schemaType: 'output' })?.schema };

@Controller('experiments/:id/events')
@RestBorder('history')
@OfExperiment()
export class EventsController {
  readonly #record: ExperimentRecord;
  readonly #streamLedger: StreamLedger;

  constructor(record: ExperimentRecord, streamLedger: StreamLedger) {
    this.#record = record;
    this.#streamLedger = streamLedger;
  }

  @Get()
  @ApiOperation({
    summary: 'The experiment’s ledger as server-sent events: all entries from the first on, then each new one at once',
    description: 'Each event’s id is its entry’s number; `Last-Event-ID`, or `after`, goes on behind an entry.',
  })
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'the last entry that was received' })
  @ApiResponse({
    status: HttpStatus.OK,
    description: 'events whose data are JSON, each as `x-event-data` says; the stream stays open',
    content: { 'text/event-stream': { schema: { type: 'string' }, ...EVENT_DATA } },
  })
  @Refuses({ [HttpStatus.BAD_REQUEST]: 'no number of an entry' })
  async events(
    @Param('id') id: string,
    @Query({ schema: eventsQuery }) query: EventsQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() response: ServerResponse,
  ): Promise<void> {
    await this.#record.use((db) => findExperiment(db, id));
    await this.#streamLedger.stream(id, entryNumber(lastEventId) ?? query.after, response);
  }
}

function entryNumber(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (!/^\d{1,15}$/.test(text))
    throw new CoordinatorError('request.invalid', 'Last-Event-ID: must be the number of an entry');
  return Number(text);
}
