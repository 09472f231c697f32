import { auditExperiment, type AuditReport } from '#audit';
import { BlobStore, ExperimentRecord } from '#storage';
import { Controller, Get, Param, UseFilters, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ErrorsAsJson } from './errors-as-json.ts';
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
}
