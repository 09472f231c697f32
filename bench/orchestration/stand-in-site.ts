import {
  clientEnrolled,
  type DataOf,
  downloadDelivered,
  evaluationReported,
  experimentSubmitted,
  uploadSent,
} from '#contracts';
import { type Delivery, On, type Publisher } from '#events';
import { clientNames } from '#federation';
import { contributionStatement, enrolmentStatement, signJson, type Signer } from '#ledger';
import { digestOf, encodeSafetensors, type Digest } from '#parameters';
import type { BlobStore } from '#storage';
import { Controller, type DynamicModule, Module } from '@nestjs/common';

const EXAMPLES = 100;
const NOTHING: Digest = digestOf(new Uint8Array());

/** The shared tensors of {@link StandInSite}'s clients: as tiny as they come. */
export function tinyTensors(value: number): Uint8Array {
  return encodeSafetensors(new Map([['adapter.0.down.bias', { shape: [2], data: new Float32Array(2).fill(value) }]]));
}

/** What the stand-in is made of. */
export class StandInParts {
  readonly publisher: Publisher;
  readonly blobs: BlobStore;
  readonly signer: Signer;

  constructor(parts: Pick<StandInParts, 'publisher' | 'blobs' | 'signer'>) {
    this.publisher = parts.publisher;
    this.blobs = parts.blobs;
    this.signer = parts.signer;
  }
}

/** A site whose clients train nothing: it enrols them, and answers every download at once. */
@Controller()
export class StandInSite {
  static readonly site = 'stand-in';
  readonly #parts: StandInParts;

  constructor(parts: StandInParts) {
    this.#parts = parts;
  }

  @On(experimentSubmitted)
  async submitted({ envelope, data: { spec, base } }: Delivery<DataOf<typeof experimentSubmitted>>): Promise<void> {
    for (const client of clientNames(spec.clients)) {
      const enrolment = {
        ...{
          site: StandInSite.site,
          client,
          baseDigest: base.digest,
          dataDigest: NOTHING,
          basePrecision: 'fp32' as const,
          deviceClass: 'none',
        },
        ...{ examples: { train: EXAMPLES, personalTest: 1, generalTest: 1 }, parameters: { shared: 2, personal: 0 } },
        ...{ labels: ['a', 'b'], majorityClass: 0.5, notes: [] },
      };
      const { experiment } = envelope;
      const { publicKey } = this.#parts.signer;
      const signature = signJson(this.#parts.signer, enrolmentStatement({ ...enrolment, experiment, publicKey }));
      await this.#parts.publisher.publish(clientEnrolled, { ...enrolment, publicKey, signature }, { experiment });
    }
  }

  @On(downloadDelivered)
  async delivered({ envelope, data }: Delivery<DataOf<typeof downloadDelivered>>): Promise<void> {
    const { experiment } = envelope;
    const { round, client, site, global, forEvaluation } = data;
    const score = { correct: 1, examples: 1, accuracy: 1, loss: 0 };
    const model = { arm: 'federated' as const, sharedDigest: global.digest, personalDigest: NOTHING };
    const evaluation = { client, site, afterRound: round - 1, ...model, personal: score, general: score };
    await this.#parts.publisher.publish(evaluationReported, evaluation, { experiment });
    if (forEvaluation) return;
    const bytes = tinyTensors(round + Number(client.split('-')[1]) / 1000);
    const blob = { digest: await this.#parts.blobs.put(bytes), bytes: bytes.length };
    const training = { steps: 0, firstLoss: 0, lastLoss: 0, meanLoss: 0 };
    const said = { experiment, round, client, base: global.digest, blob: blob.digest, examples: EXAMPLES, head: null };
    const signature = signJson(this.#parts.signer, contributionStatement(said));
    const vouched = { answers: global.digest, examples: EXAMPLES, head: null, signature };
    const upload = { round, client, site, blob, ...vouched, training };
    await this.#parts.publisher.publish(uploadSent, upload, { experiment, blob: blob.digest });
  }
}

@Module({})
export class StandInModule {
  static register(parts: StandInParts): DynamicModule {
    return {
      module: StandInModule,
      controllers: [StandInSite],
      providers: [{ provide: StandInParts, useValue: parts }],
    };
  }
}
