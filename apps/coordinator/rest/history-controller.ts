import { experimentSpec } from '#contracts';
import { clientNames } from '#federation';
import {
  type Client,
  type ClientFigures,
  clientFigures,
  type ClientProfile,
  type Connection,
  type Evaluation,
  ExperimentRecord,
  findExperiment,
  listEnrolments,
  listEvaluations,
  listProfiles,
  pageOfScores,
  listRoll,
  pageOfTransmissions,
  type RoundFigures,
  roundFigures,
  type Score,
  type Transmission,
} from '#storage';
import { Controller, Get, Param, Query, UseFilters, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ErrorsAsJson } from './errors-as-json.ts';
import { historyQuery, type HistoryQuery } from './requests.ts';
import { RequireToken } from './require-token.ts';

/** What the record has of an experiment. */
@Controller('experiments/:id')
@UseGuards(RequireToken)
@UseFilters(ErrorsAsJson)
@ApiTags('history')
@ApiBearerAuth()
export class HistoryController {
  readonly #record: ExperimentRecord;

  constructor(record: ExperimentRecord) {
    this.#record = record;
  }

  @Get('rounds')
  @ApiOperation({ summary: 'Every round: stage, what crossed, airtime, energy, loss, accuracies; `round` for one' })
  rounds(@Param('id') id: string, @Query({ schema: historyQuery }) { round }: HistoryQuery): Promise<RoundFigures[]> {
    return this.#of(id, (db) => roundFigures(db, id, round));
  }

  @Get('clients')
  @ApiOperation({ summary: 'Every client: site, examples, accuracy before and after' })
  clients(@Param('id') id: string): Promise<ClientFigures[]> {
    return this.#of(id, (db) => clientFigures(db, id));
  }

  @Get('enrolments')
  @ApiOperation({ summary: 'Every client as its site enrolled it: counts, labels, parameters; never data' })
  enrolments(@Param('id') id: string): Promise<Client[]> {
    return this.#of(id, (db) => listEnrolments(db, id));
  }

  @Get('missing')
  @ApiOperation({ summary: 'Clients that the experiment waits for before it begins or goes on' })
  missing(@Param('id') id: string): Promise<readonly string[]> {
    return this.#record.use(async (db) => {
      const { spec, state } = await findExperiment(db, id);
      if (state !== 'enrolling') return [];
      const present = new Set(await listRoll(db, id));
      return clientNames(experimentSpec.parse(spec).clients).filter((client) => !present.has(client));
    });
  }

  @Get('profiles')
  @ApiOperation({ summary: 'How each client tunes: every version, with the round from which it holds' })
  profiles(@Param('id') id: string): Promise<ClientProfile[]> {
    return this.#of(id, (db) => listProfiles(db, id));
  }

  @Get('transmissions')
  @ApiOperation({ summary: 'Every crossing of the link, by round, client and direction; a page at a time' })
  transmissions(
    @Param('id') id: string,
    @Query({ schema: historyQuery }) query: HistoryQuery,
  ): Promise<readonly Transmission[]> {
    return this.#of(id, (db) => pageOfTransmissions(db, id, query));
  }

  @Get('evaluations')
  @ApiOperation({ summary: 'How good each client’s models were, by round and client; a page at a time' })
  evaluations(
    @Param('id') id: string,
    @Query({ schema: historyQuery }) query: HistoryQuery,
  ): Promise<readonly Evaluation[]> {
    return this.#of(id, (db) => listEvaluations(db, id, query));
  }

  @Get('scores')
  @ApiOperation({
    summary: 'What completions earned of each reward, by round and client; texts stay at the sites; a page at a time',
  })
  scores(@Param('id') id: string, @Query({ schema: historyQuery }) query: HistoryQuery): Promise<readonly Score[]> {
    return this.#of(id, (db) => pageOfScores(db, id, query));
  }

  /** An experiment that is not there has no history rather than an empty one. */
  #of<T>(id: string, read: (db: Connection) => Promise<T>): Promise<T> {
    return this.#record.use(async (db) => {
      await findExperiment(db, id);
      return read(db);
    });
  }
}
