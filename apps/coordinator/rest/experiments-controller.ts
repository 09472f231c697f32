import type { ServerResponse } from 'node:http';
import { closingFigures, type ClosingFigures, type Experiment, ExperimentRecord, type ExperimentLine } from '#storage';
import { findExperiment, listExperiments } from '#storage';
import { Body, Controller, Get, HttpCode, HttpStatus, Param, Post, Res, UseFilters, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Experiments } from '../experiments.ts';
import { ErrorsAsJson } from './errors-as-json.ts';
import { RequireToken } from './require-token.ts';
import { submission, type SubmissionRequest } from './requests.ts';
import { SubmitExperiment } from './submit-experiment.ts';

@Controller('experiments')
@UseGuards(RequireToken)
@UseFilters(ErrorsAsJson)
@ApiTags('experiments')
@ApiBearerAuth()
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
  @ApiOperation({ summary: 'Submit an experiment; its initial shared tensors were put under /blobs before' })
  @ApiResponse({ status: HttpStatus.CREATED, description: 'recorded and stated to channel and sites' })
  @ApiResponse({ status: HttpStatus.OK, description: 'the same was submitted under this name before' })
  @ApiResponse({ status: HttpStatus.BAD_REQUEST, description: 'a field is wrong; the message names it' })
  @ApiResponse({ status: HttpStatus.CONFLICT, description: 'the name is taken by another submission' })
  @ApiResponse({
    status: HttpStatus.UNPROCESSABLE_ENTITY,
    description: 'the initial tensors are missing, or do not fit',
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
  @ApiOperation({ summary: 'All experiments, latest first' })
  list(): Promise<readonly ExperimentLine[]> {
    return this.#record.use(listExperiments);
  }

  @Get(':id')
  @ApiOperation({ summary: 'One experiment: spec, base model, state, global model' })
  @ApiResponse({ status: HttpStatus.NOT_FOUND, description: 'there is no such experiment' })
  show(@Param('id') id: string): Promise<Experiment> {
    return this.#record.use((db) => findExperiment(db, id));
  }

  @Post(':id/cancel')
  @HttpCode(HttpStatus.NO_CONTENT)
  @ApiOperation({ summary: 'End an experiment before its last round; it can be resumed' })
  @ApiResponse({ status: HttpStatus.CONFLICT, description: 'it has ended already' })
  cancel(@Param('id') id: string): Promise<void> {
    return this.#experiments.cancel(id);
  }

  @Post(':id/resume')
  @HttpCode(HttpStatus.NO_CONTENT)
  @ApiOperation({ summary: 'Go on with an experiment that failed or was cancelled, from where it was cut' })
  resume(@Param('id') id: string): Promise<void> {
    return this.#experiments.resume(id);
  }

  @Get(':id/figures')
  @ApiOperation({ summary: 'What an experiment has come to: accuracies, costs, losses, each client before and after' })
  figures(@Param('id') id: string): Promise<ClosingFigures> {
    return this.#record.use((db) => closingFigures(db, id));
  }
}
