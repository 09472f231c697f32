import { auditExperiment, type AuditReport } from '#audit';
import { BlobStore, ExperimentRecord } from '#storage';
import { Body, Controller, Get, HttpCode, HttpStatus, Param, Post, UseFilters, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ErrorsAsJson } from './errors-as-json.ts';
import { auditRequest, type AuditRequest } from './requests.ts';
import { RequireToken } from './require-token.ts';

/** Whether an experiment's history is what happened. */
@Controller('experiments/:id/audit')
@UseGuards(RequireToken)
@UseFilters(ErrorsAsJson)
@ApiTags('history')
@ApiBearerAuth()
export class AuditController {
  readonly #record: ExperimentRecord;
  readonly #blobs: BlobStore;

  constructor(record: ExperimentRecord, blobs: BlobStore) {
    this.#record = record;
    this.#blobs = blobs;
  }

  @Get()
  @ApiOperation({
    summary:
      'Verifies chain, signatures and rows, replays radio, rounds and aggregates: `verdict` is intact or touched',
  })
  audit(@Param('id') id: string): Promise<AuditReport> {
    return auditExperiment(id, { record: this.#record, blobs: this.#blobs });
  }

  @Post()
  @HttpCode(HttpStatus.OK)
  @ApiOperation({
    summary: 'The same, with heads of the ledger that sites have kept: a chain that was cut or rewritten',
  })
  auditWith(
    @Param('id') id: string,
    @Body({ schema: auditRequest }) { witnesses }: AuditRequest,
  ): Promise<AuditReport> {
    return auditExperiment(id, { record: this.#record, blobs: this.#blobs, witnesses });
  }
}
