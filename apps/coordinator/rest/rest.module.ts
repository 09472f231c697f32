import { RestAccess } from '#operations';
import { type DynamicModule, Module } from '@nestjs/common';
import { AuditController } from './audit-controller.ts';
import { BlobsController } from './blobs-controller.ts';
import { DeadLettersController } from './dead-letters-controller.ts';
import { EventsController } from './events-controller.ts';
import { ExperimentsController } from './experiments-controller.ts';
import { HistoryController } from './history-controller.ts';
import { LedgerNews } from './ledger-news.ts';
import { ProfilesController } from './profiles-controller.ts';
import { RewardModelsController } from './reward-models-controller.ts';
import { SitesController } from './sites-controller.ts';
import { StreamLedger } from './stream-ledger.ts';
import { SubmitExperiment } from './submit-experiment.ts';

/** The coordinator's REST border; described at `/docs`. */
@Module({})
export class RestModule {
  static register(coordinator: DynamicModule, access: { readonly token: string | undefined }): DynamicModule {
    return {
      module: RestModule,
      imports: [coordinator],
      controllers: [
        AuditController,
        BlobsController,
        DeadLettersController,
        EventsController,
        ExperimentsController,
        HistoryController,
        ProfilesController,
        RewardModelsController,
        SitesController,
      ],
      providers: [
        { provide: RestAccess, useValue: new RestAccess(access.token) },
        SubmitExperiment,
        LedgerNews,
        StreamLedger,
      ],
    };
  }
}
