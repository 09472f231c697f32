import { Publisher } from '#events';
import { BlobStore } from '#storage';
import { type DynamicModule, Module } from '@nestjs/common';
import { CarryDownload } from './carry-download.ts';
import { CarryUpload } from './carry-upload.ts';
import { ChannelInbox } from './inbox.ts';
import { Links } from './links.ts';
import { MeasureLinks } from './measure-links.ts';

/**
 * The wireless channel as a service: it measures links and carries every blob across them, or loses it.
 * It stores nothing but the blobs in transit, and answers a repeated fact with the same words.
 */
@Module({})
export class ChannelModule {
  /** Crossings of different clients that are under way at once. */
  static readonly concurrency = 16;

  static register(parts: { readonly publisher: Publisher; readonly blobs: BlobStore }): DynamicModule {
    return {
      module: ChannelModule,
      controllers: [ChannelInbox],
      providers: [
        { provide: Publisher, useValue: parts.publisher },
        { provide: BlobStore, useValue: parts.blobs },
        Links,
        MeasureLinks,
        CarryDownload,
        CarryUpload,
      ],
    };
  }
}
