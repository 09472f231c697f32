import {
  type BaseModel,
  clientEnrolled,
  type Contract,
  type DataOf,
  downloadDelivered,
  downloadLost,
  type Envelope,
  enrolmentRefused,
  evaluationReported,
  experimentSpec,
  linksMeasured,
  roundOpened,
  roundPlanned,
  uploadDelivered,
  uploadLost,
  uploadSent,
  uploadWithheld,
} from '#contracts';
import { type InProcessBroker, InProcessPublisher, type PublishOptions, SystemClock } from '#events';
import { contributionStatement, refusalStatement, signJson } from '#ledger';
import { decodeSafetensors, digestOf, encodeSafetensors, type Digest, type NamedTensors } from '#parameters';
import type { BlobStore } from '#storage';
import { newSigner, signed } from '../site-signer.ts';

/** One site, whatever process speaks for it. */
const siteSigner = newSigner();

const NAME = 'adapter.0.down.bias';
export const clients = ['client-0', 'client-1', 'client-2'];
const site = 'site-a';
export const digest = digestOf(new Uint8Array([1]));

export function adapter(...data: number[]): NamedTensors {
  return new Map([[NAME, { shape: [data.length], data: new Float32Array(data) }]]);
}

export const initial = encodeSafetensors(adapter(0, 0));
export const base: BaseModel = {
  digest,
  config: {},
  parameters: 100,
  shared: {
    manifest: [{ name: NAME, shape: [2] }],
    initial: { digest: digestOf(initial), bytes: initial.length },
  },
};

export function specOf(changes: Record<string, unknown> = {}) {
  return experimentSpec.parse({
    method: 'pftt',
    model: 'm',
    rounds: 2,
    clients: { count: 3 },
    data: { source: 'wordnet-topics' },
    baselines: ['local-only'],
    ...changes,
  });
}

/** What a client does with a download: the upload's tensors, or another ending. Index 0 is round 1. */
export type Conduct = (
  round: number,
  client: string,
  global: NamedTensors,
) => NamedTensors | Uint8Array | 'download-lost' | 'upload-lost' | 'withheld' | 'silent';

const crossing = { bits: 800, meanSnrDb: 5, blocks: 3, attempts: 3, delayMs: 50, airtimeMs: 40, energyJ: 0.01 };
const delivered = { ...crossing, bitsDelivered: 800, outcome: 'delivered' as const };
const lost = { ...crossing, bitsDelivered: 10, outcome: 'lost' as const, reason: 'deadline' as const };

/** Channel and site at once: answers the coordinator's questions, in an order of its own. */
export class OtherSide {
  readonly heard: Envelope[] = [];
  readonly examples = new Map(clients.map((client, index) => [client, 10 * (index + 1)]));
  conduct: Conduct = (_, client, global) =>
    adapter(...[...(global.get(NAME)?.data ?? [])].map((x) => x + clients.indexOf(client)));
  order = (cohort: string[]) => cohort;
  /** The key of its site. */
  signer = siteSigner;
  /** Clients that no site hosts. */
  homeless: readonly string[] = [];
  /** Fails like a process that is killed: from here on nothing is answered. */
  dead = false;
  /** Whether it says everything twice, as a transport may deliver it. */
  stutters = false;
  readonly #said: (() => Promise<void>)[] = [];
  readonly #publisher: InProcessPublisher;
  readonly #blobs: BlobStore;
  readonly #work: Promise<void>[] = [];

  constructor(broker: InProcessBroker, blobs: BlobStore, coordinatorBlobs: BlobStore) {
    this.#blobs = blobs;
    this.#publisher = new InProcessPublisher({ broker, source: 'other-side', blobs, clock: new SystemClock() });
    broker.watch((envelope) => {
      this.heard.push(envelope);
      if (!this.dead) this.#work.push(this.#answer(envelope, coordinatorBlobs));
    });
  }

  /** Says all that it has said once more, in the other order. */
  async echo(): Promise<void> {
    for (const again of this.#said.splice(0).reverse()) await again();
  }

  async #say<Data>(contract: Contract<string, Data>, data: Data, options: PublishOptions): Promise<void> {
    const say = (): Promise<void> => this.#publisher.publish(contract, data, options);
    this.#said.push(say);
    await say();
    if (this.stutters) await say();
  }

  types(): string[] {
    return this.heard.filter(({ source }) => source === 'coordinator').map(({ type }) => type);
  }

  async settled(broker: InProcessBroker): Promise<void> {
    for (let seen = -1; seen !== this.#work.length;) {
      seen = this.#work.length;
      await Promise.all(this.#work);
      await broker.settled();
    }
  }

  async #answer({ type, experiment, data }: Envelope, coordinatorBlobs: BlobStore): Promise<void> {
    if (type === 'experiment.submitted')
      for (const client of clients) if (!this.homeless.includes(client)) await this.enrol(experiment, client);
    if (type === roundPlanned.name) {
      const { round, candidates } = data as DataOf<typeof roundPlanned>;
      const both = { uplink: 5, downlink: 5 };
      const links = candidates.map((client) => ({ client, meanSnrDb: both, ergodicBitsPerSecondPerHz: both }));
      await this.#say(linksMeasured, { round, links }, { experiment });
    }
    if (type === roundOpened.name) {
      const opened = data as DataOf<typeof roundOpened>;
      const global = decodeSafetensors(await coordinatorBlobs.read(opened.global.digest));
      for (const client of this.order(opened.cohort.map((member) => member.client)))
        await this.#take(experiment, opened, client, global);
    }
  }

  async enrol(experiment: string, client: string): Promise<void> {
    const train = this.examples.get(client) ?? 0;
    const counts = { train, personalTest: 5, generalTest: 5 };
    const data = {
      site,
      client,
      baseDigest: digest,
      basePrecision: 'fp32' as const,
      dataDigest: digest,
      deviceClass: 'phone',
      examples: counts,
    };
    const rest = { parameters: { shared: 2, personal: 3 }, labels: ['a', 'b'], majorityClass: 0.5, notes: [] };
    await this.#say(clientEnrolled, signed(this.signer, experiment, { ...data, ...rest }), { experiment });
  }

  /** Says that the site cannot take part. */
  async refuse(experiment: string): Promise<void> {
    const { publicKey } = this.signer;
    const why = { site, code: 'data.unreadable', message: 'There is no such file.', publicKey };
    const signature = signJson(this.signer, refusalStatement({ experiment, ...why }));
    await this.#say(enrolmentRefused, { ...why, signature }, { experiment });
  }

  async #take(
    experiment: string,
    { round, forEvaluation, global }: DataOf<typeof roundOpened>,
    client: string,
    tensors: NamedTensors,
  ): Promise<void> {
    const at = { round, client, site };
    const conduct = forEvaluation ? 'silent' : this.conduct(round, client, tensors);
    const isLost = conduct === 'download-lost';
    if (isLost) await this.#say(downloadLost, { ...at, forEvaluation, transmission: lost }, { experiment });
    else await this.#say(downloadDelivered, { ...at, forEvaluation, global, transmission: delivered }, { experiment });
    const score = { correct: 3, examples: 5, accuracy: 0.6, loss: 1 };
    for (const arm of ['federated', 'local-only'] as const) {
      const of = { client, site, afterRound: round - 1, arm, sharedDigest: global.digest, personalDigest: digest };
      await this.#say(evaluationReported, { ...of, personal: score, general: score }, { experiment });
    }
    if (conduct === 'silent' || isLost) return;
    if (conduct === 'withheld') {
      const why = { reason: 'loss-not-finite' as const, message: 'NaN at step 3' };
      await this.#say(uploadWithheld, { ...at, ...why }, { experiment });
      return;
    }
    await this.#upload(experiment, at, conduct, { answers: global.digest, examples: this.examples.get(client) ?? 0 });
  }

  async #upload(
    experiment: string,
    at: { round: number; client: string; site: string },
    what: NamedTensors | Uint8Array | 'upload-lost',
    claims: { answers: Digest; examples: number },
  ): Promise<void> {
    const bytes = what instanceof Uint8Array ? what : encodeSafetensors(what === 'upload-lost' ? adapter(9, 9) : what);
    const blob = { digest: await this.#blobs.put(bytes), bytes: bytes.length };
    const training = { steps: 20, firstLoss: 2, lastLoss: 1, meanLoss: 1.5 };
    const statement = {
      experiment,
      ...at,
      base: claims.answers,
      blob: blob.digest,
      examples: claims.examples,
      head: null,
    };
    const vouched = { head: null, signature: signJson(this.signer, contributionStatement(statement)) };
    const sent = { ...at, blob, ...claims, ...vouched, training };
    await this.#say(uploadSent, sent, { experiment, blob: blob.digest });
    if (what === 'upload-lost') await this.#say(uploadLost, { ...at, blob, transmission: lost }, { experiment });
    else {
      const upload = { ...at, blob, ...claims, ...vouched, transmission: delivered };
      await this.#say(uploadDelivered, upload, { experiment, blob: blob.digest });
    }
  }
}
