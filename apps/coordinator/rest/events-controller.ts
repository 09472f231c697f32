import type { ServerResponse } from 'node:http';
import { ExperimentRecord, findExperiment } from '#storage';
import { Controller, Get, Headers, Param, Query, Res, UseFilters, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { CoordinatorError } from '../coordinator-error.ts';
import { ErrorsAsJson } from './errors-as-json.ts';
import { eventsQuery, type EventsQuery } from './requests.ts';
import { RequireToken } from './require-token.ts';
import { StreamLedger } from './stream-ledger.ts';

@Controller('experiments/:id/events')
@UseGuards(RequireToken)
@UseFilters(ErrorsAsJson)
@ApiTags('history')
@ApiBearerAuth()
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
  @ApiProduces('text/event-stream')
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'the last entry that was received' })
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
