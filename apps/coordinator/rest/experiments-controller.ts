import type { ServerResponse } from 'node:http';
import { closingFigures, type ClosingFigures, type Experiment, ExperimentRecord, type ExperimentLine } from '#storage';
import { findExperiment, listExperiments } from '#storage';
import { Body, Controller, Get, HttpCode, HttpStatus, Param, Post, Res } from '@nestjs/common';
import { Experiments } from '../experiments.ts';
import { closingFigures as closingAnswer } from './answers/figures.ts';
import { experiment as experimentAnswer, experimentLine, submitted } from './answers/experiments.ts';
import { Answers, AnswersList, AnswersNothing, OfExperiment, Refuses, RestBorder } from './describe-route.ts';
import { submission, type SubmissionRequest } from './requests.ts';
import { SubmitExperiment } from './submit-experiment.ts';

@Controller('experiments')
@RestBorder('experiments')
export class ExperimentsController {
  readonly #record: ExperimentRecord;
  readonly #experiments: Experiments;
  readonly #submitExperiment: SubmitExperiment;

  constructor(record: ExperimentRecord, experiments: Experiments, submitExperiment: SubmitExperiment) {
    this.#record = record;
    this.#experiments = experiments;
    this.#submitExperiment = submitExperiment;
  }

  @Post()
  @Answers(submitted, 'Submit an experiment; its initial shared tensors were put under /blobs before', {
    [HttpStatus.CREATED]: 'recorded and stated to channel and sites',
    [HttpStatus.OK]: 'the same was submitted under this name before',
  })
  @Refuses({
    [HttpStatus.BAD_REQUEST]: 'a field is wrong; the message names it',
    [HttpStatus.CONFLICT]: 'the name is taken by another submission',
    [HttpStatus.PAYLOAD_TOO_LARGE]: 'more than 16 MB',
    [HttpStatus.UNPROCESSABLE_ENTITY]: 'the initial tensors are missing, or do not fit, or a reward model is retired',
  })
  async submit(
    @Body({ schema: submission }) body: SubmissionRequest,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<{ readonly experiment: string }> {
    const { experiment, created } = await this.#submitExperiment.submit(body);
    response.statusCode = created ? HttpStatus.CREATED : HttpStatus.OK;
    return { experiment };
  }

  @Get()
  @AnswersList(experimentLine, 'All experiments, latest first')
  list(): Promise<readonly ExperimentLine[]> {
    return this.#record.use(listExperiments);
  }

  @Get(':id')
  @OfExperiment()
  @Answers(experimentAnswer, 'One experiment: spec, base model, state, global model')
  show(@Param('id') id: string): Promise<Experiment> {
    return this.#record.use((db) => findExperiment(db, id));
  }

  @Post(':id/cancel')
  @HttpCode(HttpStatus.NO_CONTENT)
  @OfExperiment()
  @AnswersNothing('End an experiment before its last round; it can be resumed')
  @Refuses({ [HttpStatus.CONFLICT]: 'it has ended already' })
  cancel(@Param('id') id: string): Promise<void> {
    return this.#experiments.cancel(id);
  }

  @Post(':id/resume')
  @HttpCode(HttpStatus.NO_CONTENT)
  @OfExperiment()
  @AnswersNothing('Go on with an experiment that failed or was cancelled, from where it was cut')
  resume(@Param('id') id: string): Promise<void> {
    return this.#experiments.resume(id);
  }

  @Get(':id/figures')
  @OfExperiment()
  @Answers(closingAnswer, 'What an experiment has come to: accuracies, costs, losses, each client before and after')
  figures(@Param('id') id: string): Promise<ClosingFigures> {
    return this.#record.use((db) => closingFigures(db, id));
  }
}
