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
import { Controller, Get, HttpStatus, Param, Query } from '@nestjs/common';
import { missingClient } from './answers/experiments.ts';
import * as figures from './answers/figures.ts';
import * as rows from './answers/rows.ts';
import { AnswersList, OfExperiment, Refuses, RestBorder } from './describe-route.ts';
import { historyQuery, type HistoryQuery, roundQuery, type RoundQuery } from './requests.ts';

const QUERY = { [HttpStatus.BAD_REQUEST]: 'the query is wrong; the message names the field' };

/** What the record has of an experiment. */
@Controller('experiments/:id')
@RestBorder('history')
@OfExperiment()
export class HistoryController {
  readonly #record: ExperimentRecord;

  constructor(record: ExperimentRecord) {
    this.#record = record;
  }

  @Get('rounds')
  @AnswersList(figures.roundFigures, 'Every round: stage, what crossed, airtime, energy, loss, accuracies')
  @Refuses(QUERY)
  rounds(@Param('id') id: string, @Query({ schema: roundQuery }) { round }: RoundQuery): Promise<RoundFigures[]> {
    return this.#of(id, (db) => roundFigures(db, id, round));
  }

  @Get('clients')
  @AnswersList(figures.clientFigures, 'Every client: site, examples, accuracy before and after')
  clients(@Param('id') id: string): Promise<ClientFigures[]> {
    return this.#of(id, (db) => clientFigures(db, id));
  }

  @Get('enrolments')
  @AnswersList(rows.enrolment, 'Every client as its site enrolled it: counts, labels, parameters; never data')
  enrolments(@Param('id') id: string): Promise<Client[]> {
    return this.#of(id, (db) => listEnrolments(db, id));
  }

  @Get('missing')
  @AnswersList(missingClient, 'Clients that the experiment waits for before it begins or goes on')
  missing(@Param('id') id: string): Promise<readonly string[]> {
    return this.#record.use(async (db) => {
      const { spec, state } = await findExperiment(db, id);
      if (state !== 'enrolling') return [];
      const present = new Set(await listRoll(db, id));
      return clientNames(experimentSpec.parse(spec).clients).filter((client) => !present.has(client));
    });
  }

  @Get('profiles')
  @AnswersList(rows.clientProfile, 'How each client tunes: every version, with the round from which it holds')
  profiles(@Param('id') id: string): Promise<ClientProfile[]> {
    return this.#of(id, (db) => listProfiles(db, id));
  }

  @Get('transmissions')
  @AnswersList(rows.transmission, 'Every crossing of the link, by round, client and direction; a page at a time')
  @Refuses(QUERY)
  transmissions(
    @Param('id') id: string,
    @Query({ schema: historyQuery }) query: HistoryQuery,
  ): Promise<readonly Transmission[]> {
    return this.#of(id, (db) => pageOfTransmissions(db, id, query));
  }

  @Get('evaluations')
  @AnswersList(rows.evaluation, 'How good each client’s models were, by round and client; a page at a time')
  @Refuses(QUERY)
  evaluations(
    @Param('id') id: string,
    @Query({ schema: historyQuery }) query: HistoryQuery,
  ): Promise<readonly Evaluation[]> {
    return this.#of(id, (db) => listEvaluations(db, id, query));
  }

  @Get('scores')
  @AnswersList(
    rows.score,
    'What completions earned of each reward, by round and client; texts stay at the sites; a page at a time',
  )
  @Refuses(QUERY)
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
