import { auditExperiment, type AuditReport } from '#audit';
import { BlobStore, ExperimentRecord } from '#storage';
import { Body, Controller, Get, HttpCode, HttpStatus, Param, Post } from '@nestjs/common';
import { auditReport } from './answers/audit.ts';
import { Answers, OfExperiment, Refuses, RestBorder } from './describe-route.ts';
import { auditRequest, type AuditRequest } from './requests.ts';

/** Whether an experiment's history is what happened. */
@Controller('experiments/:id/audit')
@RestBorder('history')
@OfExperiment()
export class AuditController {
  readonly #record: ExperimentRecord;
  readonly #blobs: BlobStore;

  constructor(record: ExperimentRecord, blobs: BlobStore) {
    this.#record = record;
    this.#blobs = blobs;
  }

  @Get()
  @Answers(
    auditReport,
    'Verifies chain, signatures and rows, replays radio, rounds and aggregates: `verdict` is intact or touched',
  )
  audit(@Param('id') id: string): Promise<AuditReport> {
    return auditExperiment(id, { record: this.#record, blobs: this.#blobs });
  }

  @Post()
  @HttpCode(HttpStatus.OK)
  @Answers(auditReport, 'The same, with heads of the ledger that sites have kept: a chain that was cut or rewritten')
  @Refuses({ [HttpStatus.BAD_REQUEST]: 'a field is wrong; the message names it' })
  auditWith(
    @Param('id') id: string,
    @Body({ schema: auditRequest }) { witnesses }: AuditRequest,
  ): Promise<AuditReport> {
    return auditExperiment(id, { record: this.#record, blobs: this.#blobs, witnesses });
  }
}
