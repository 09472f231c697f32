import {
  clientEnrolled,
  type DataOf,
  downloadDelivered,
  evaluationReported,
  experimentSubmitted,
  uploadSent,
} from '#contracts';
import { type Delivery, On, Publisher } from '#events';
import { simulatedClients } from '#federation';
import { digestOf, encodeSafetensors, type Digest } from '#parameters';
import { BlobStore } from '#storage';
import { Controller, type DynamicModule, Module } from '@nestjs/common';

const EXAMPLES = 100;
const NOTHING: Digest = digestOf(new Uint8Array());

/** The shared tensors of {@link StandInSite}'s clients: as tiny as they come. */
export function tinyTensors(value: number): Uint8Array {
  return encodeSafetensors(new Map([['adapter.0.down.bias', { shape: [2], data: new Float32Array(2).fill(value) }]]));
}

/** A site whose clients train nothing: it enrols them, and answers every download at once. */
@Controller()
export class StandInSite {
  static readonly site = 'stand-in';
  readonly #publisher: Publisher;
  readonly #blobs: BlobStore;

  constructor(publisher: Publisher, blobs: BlobStore) {
    this.#publisher = publisher;
    this.#blobs = blobs;
  }

  @On(experimentSubmitted)
  async submitted({ envelope, data: { spec, base } }: Delivery<DataOf<typeof experimentSubmitted>>): Promise<void> {
    for (const client of simulatedClients(spec.clients.count)) {
      const enrolment = {
        ...{ site: StandInSite.site, client, baseDigest: base.digest, dataDigest: NOTHING, deviceClass: 'none' },
        ...{ examples: { train: EXAMPLES, personalTest: 1, generalTest: 1 }, parameters: { shared: 2, personal: 0 } },
        ...{ labels: ['a', 'b'], majorityClass: 0.5, notes: [] },
      };
      await this.#publisher.publish(clientEnrolled, enrolment, { experiment: envelope.experiment });
    }
  }

  @On(downloadDelivered)
  async delivered({ envelope, data }: Delivery<DataOf<typeof downloadDelivered>>): Promise<void> {
    const { experiment } = envelope;
    const { round, client, site, global, forEvaluation } = data;
    const score = { correct: 1, examples: 1, accuracy: 1, loss: 0 };
    const model = { arm: 'federated' as const, sharedDigest: global.digest, personalDigest: NOTHING };
    const evaluation = { client, site, afterRound: round - 1, ...model, personal: score, general: score };
    await this.#publisher.publish(evaluationReported, evaluation, { experiment });
    if (forEvaluation) return;
    const bytes = tinyTensors(round + Number(client.split('-')[1]) / 1000);
    const blob = { digest: await this.#blobs.put(bytes), bytes: bytes.length };
    const training = { steps: 0, firstLoss: 0, lastLoss: 0, meanLoss: 0 };
    const upload = { round, client, site, blob, answers: global.digest, examples: EXAMPLES, training };
    await this.#publisher.publish(uploadSent, upload, { experiment, blob: blob.digest });
  }
}

@Module({})
export class StandInModule {
  static register(parts: { readonly publisher: Publisher; readonly blobs: BlobStore }): DynamicModule {
    return {
      module: StandInModule,
      controllers: [StandInSite],
      providers: [
        { provide: Publisher, useValue: parts.publisher },
        { provide: BlobStore, useValue: parts.blobs },
      ],
    };
  }
}
