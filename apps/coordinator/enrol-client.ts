import { basePrecision, firstProfile, type clientEnrolled, type DataOf, type enrolmentRefused } from '#contracts';
import type { Delivery } from '#events';
import { judgeEnrolment, type Enrolment } from '#federation';
import { enrolmentStatement, refusalStatement, verifyJson } from '#ledger';
import { answerRoll, type Client, countRoll, findClient, type Row } from '#storage';
import { Injectable } from '@nestjs/common';
import { admitSite, SiteTrust } from './admit-site.ts';
import { BeginRounds } from './begin-rounds.ts';
import { endExperiment } from './end-experiment.ts';
import { profileColumns } from './profile-row.ts';
import type { Turn } from './turn.ts';
import { Turns } from './turns.ts';

type Enrolled = Delivery<DataOf<typeof clientEnrolled>>;

/** client.enrolled → recorded, or refused and that recorded; once all clients have answered, the rounds begin. */
@Injectable()
export class EnrolClient {
  readonly #turns: Turns;
  readonly #beginRounds: BeginRounds;
  readonly #trust: SiteTrust;

  constructor(turns: Turns, beginRounds: BeginRounds, trust: SiteTrust) {
    this.#trust = trust;
    this.#turns = turns;
    this.#beginRounds = beginRounds;
  }

  async handle(delivery: Enrolled): Promise<void> {
    const { envelope, data } = delivery;
    await this.#turns.take(envelope.experiment, async (turn) => {
      const { submission } = turn;
      const known = await findClient(turn.db, submission.id, data.client);
      const expected = {
        clients: submission.clients,
        baseDigest: submission.base.digest,
        basePrecision: basePrecision(submission.spec, data.client),
      };
      const stranger = isSigned(delivery) ? await admitSite(turn, this.#trust, data) : WRONG_SIGNATURE;
      if (stranger !== undefined) {
        // Where no stranger can come it is a mistake of the user's, who is to hear of it.
        if (this.#trust.newSites === 'by-operator') await note(turn, data, stranger);
        else await refuse(turn, data, stranger, known?.site);
        return;
      }
      const verdict = judgeEnrolment(data, expected, known === undefined ? undefined : asEnrolment(known));
      if (verdict.kind === 'refused') {
        await refuse(turn, data, verdict, known?.site);
        return;
      }
      if (verdict.kind === 'accepted') await enrol(turn, delivery);
      if (turn.progress.state !== 'enrolling') return;
      await answerRoll(turn.db, submission.id, data.client);
      turn.lastly('begin when all are there', async () => {
        if ((await countRoll(turn.db, submission.id)) >= submission.clients.size) await this.#beginRounds.begin(turn);
      });
    });
  }

  async refused({ envelope, data }: Delivery<DataOf<typeof enrolmentRefused>>): Promise<void> {
    const { experiment } = envelope;
    const { site, publicKey, code, message, signature } = data;
    await this.#turns.take(experiment, async (turn) => {
      if (turn.progress.state !== 'enrolling') return;
      const signed = verifyJson(publicKey, refusalStatement({ experiment, ...data }), signature);
      const stranger = signed ? await admitSite(turn, this.#trust, data) : WRONG_SIGNATURE;
      if (stranger !== undefined) {
        await turn.note('enrolment.refused', { site, public_key: publicKey, ...coded(stranger) });
        return;
      }
      await turn.note('enrolment.refused', { site, code, message });
      await endExperiment(turn, { code, message });
    });
  }
}

const WRONG_SIGNATURE = {
  kind: 'refused',
  code: 'enrolment.wrong-signature',
  message: 'The enrolment is not signed with the key that it names.',
} as const;

function isSigned({ envelope, data }: Enrolled): boolean {
  return verifyJson(data.publicKey, enrolmentStatement({ experiment: envelope.experiment, ...data }), data.signature);
}

async function enrol(turn: Turn, delivery: Enrolled): Promise<void> {
  const { data, envelope } = delivery;
  const row = clientRow(delivery);
  const first = { version: 1, effectiveFromRound: 1, recordedAt: row.enrolledAt };
  const profile = profileColumns(firstProfile(turn.submission.spec, data.client, data.deviceClass));
  turn.record({ table: 'client', row });
  turn.record({
    table: 'client_profile',
    row: { experimentId: envelope.experiment, client: data.client, ...first, ...profile },
  });
  // At once: another site may claim the same client in the same turn.
  await turn.settle();
}

interface Refusal {
  readonly code: string;
  readonly message: string;
}

function coded({ code, message }: Refusal): Refusal {
  return { code, message };
}

/** What a stranger claims is recorded and no more: it must not be able to end anything. */
async function note(turn: Turn, { client, site, publicKey }: Enrolled['data'], refusal: Refusal): Promise<void> {
  const { code, message } = refusal;
  await turn.note('enrolment.refused', { client, site, public_key: publicKey, code, message });
}

/** A refusal ends an experiment only while it waits for this very client. */
async function refuse(
  turn: Turn,
  said: Enrolled['data'],
  { code, message }: Refusal,
  home: string | undefined,
): Promise<void> {
  const { site } = said;
  await note(turn, said, { code, message });
  if (turn.progress.state !== 'enrolling' || (home !== undefined && home !== site)) return;
  await endExperiment(turn, { code, message });
}

function asEnrolment(client: Client): Enrolment {
  const { name, site, publicKey, baseDigest, basePrecision: precision, dataDigest } = client;
  return {
    client: name,
    site,
    publicKey,
    baseDigest: baseDigest as Enrolment['baseDigest'],
    basePrecision: precision ?? 'fp32',
    dataDigest: dataDigest as Enrolment['dataDigest'],
  };
}

function clientRow({ envelope, data }: Enrolled): Row<Client> {
  return {
    experimentId: envelope.experiment,
    name: data.client,
    site: data.site,
    baseDigest: data.baseDigest,
    basePrecision: data.basePrecision,
    dataDigest: data.dataDigest,
    deviceClass: data.deviceClass,
    trainExamples: data.examples.train,
    personalTestExamples: data.examples.personalTest,
    generalTestExamples: data.examples.generalTest,
    sharedParameters: data.parameters.shared,
    personalParameters: data.parameters.personal,
    labels: data.labels,
    labelHistogram: data.labelHistogram ?? null,
    majorityClassAccuracy: data.majorityClass,
    notes: data.notes,
    publicKey: data.publicKey,
    signature: data.signature,
    enrolledAt: new Date(envelope.time),
  };
}
