import type { BaseModel, clientEnrolled, DataOf, ExperimentSpec } from '#contracts';
import { channelPlan, keepsOn, uploadBytes } from '#federation';
import { methodNamed } from '#methods';
import { bandwidthToMeet, expectedTransferMs, measureLink, type LinkSettings } from '#radio';
import { describeInt8 } from './describe-int8.ts';
import { bytes, duration, hertz, percent } from './figures.ts';
import type { RunPlan } from './run-figures.ts';

/** What the plan says of a client, as its site enrolled it. */
export type Enrolment = Pick<
  DataOf<typeof clientEnrolled>,
  | 'site'
  | 'client'
  | 'deviceClass'
  | 'examples'
  | 'parameters'
  | 'labels'
  | 'labelHistogram'
  | 'majorityClass'
  | 'notes'
>;

/** What a run is about to do, from its spec, its base and the clients that have enrolled. */
export function planRun(
  experiment: string,
  spec: ExperimentSpec,
  base: BaseModel,
  enrolments: readonly Enrolment[],
): RunPlan {
  const clients = [...enrolments].sort((a, b) => (a.client < b.client ? -1 : 1));
  const method = methodNamed(spec.method);
  const blobBytes = base.shared.initial.bytes;
  const { config } = base;
  const uplink = uploadsARound(spec, base, clients);
  return {
    experiment,
    method: { name: method.name, summary: method.summary },
    model: {
      path: spec.model,
      type: String(config['modelType']),
      layers: Number(config['layers']),
      hidden: Number(config['hidden']),
      parameters: base.parameters,
    },
    rounds: spec.rounds,
    labels: clients[0]?.labels ?? [],
    clients,
    bytesPerRound: { uplink, downlink: blobBytes * clients.length },
    link: describeLink(spec.link),
    notes: [
      ...new Set(clients.flatMap(({ notes }) => notes)),
      ...(spec.sparsity.attention > 0 ? [describeSparsity(spec, uplink, blobBytes * clients.length)] : []),
      ...describeInt8(spec, base, clients),
      ...(spec.training.parallel === 2 ? ['two clients train at a time: two copies of the base are in memory'] : []),
    ],
    warnings: slowLinks(spec.link, clients, 8 * blobBytes),
  };
}

/** Bytes of all uploads of a round, if every client trains. */
function uploadsARound(spec: ExperimentSpec, { shared }: BaseModel, clients: readonly Enrolment[]): number {
  const plan = channelPlan(spec, shared.manifest);
  if (plan === undefined) return shared.initial.bytes * clients.length;
  const rates = clients.map(({ client }) => measureLink(spec.link, client).ergodicBitsPerSecondPerHz.uplink);
  return keepsOn(plan, spec.link, rates).reduce((sum, keep) => sum + uploadBytes(plan, keep), 0);
}

function describeSparsity({ sparsity }: ExperimentSpec, uplink: number, dense: number): string {
  const { attention, scope } = sparsity;
  const channels = scope === 'attention' ? 'attention channels' : 'channels';
  return (
    `tuned blocks leave out ${percent(attention)} of the keys and of the ${channels}: ` +
    `${bytes(uplink)} up a round, ${bytes(dense)} without (${percent(1 - uplink / dense)} less)`
  );
}

function describeLink(link: LinkSettings): string {
  const down = link.downlinkSnrDb ?? link.meanSnrDb;
  const snr = down === link.meanSnrDb ? `${down} dB` : `${link.meanSnrDb} dB up, ${down} dB down`;
  const rate =
    link.rate.policy === 'shannon'
      ? `Shannon rate${link.rate.snrGapDb === 0 ? '' : ` with a gap of ${link.rate.snrGapDb} dB`}`
      : `fixed rate ${link.rate.bitsPerSecondPerHz} b/s/Hz`;
  const fading = link.fading === 'rayleigh' ? `${link.mode} Rayleigh fading` : 'no fading';
  return `${fading}, mean SNR ${snr}, ${hertz(link.bandwidthHz)} a client, ${rate}, deadline ${duration(link.deadlineMs)}`;
}

/** A warning for each direction in which the slowest client is not expected to make the deadline. */
function slowLinks(link: LinkSettings, clients: readonly Enrolment[], bits: number): string[] {
  return (['downlink', 'uplink'] as const).flatMap((direction) => {
    const expected = clients.map(({ client }) => ({ client, ms: expectedTransferMs(link, client, direction, bits) }));
    const late = expected.filter(({ ms }) => ms > link.deadlineMs);
    const slowest = late.reduce<(typeof late)[number] | undefined>(
      (worst, one) => (worst === undefined || one.ms > worst.ms ? one : worst),
      undefined,
    );
    if (slowest === undefined) return [];
    const who = `${late.length} of ${clients.length} clients are not expected to make the deadline on the ${direction}`;
    const needed = bandwidthToMeet(link, slowest.client, direction, bits);
    if (!Number.isFinite(needed)) {
      return [
        `${who}: ${slowest.client} gets nothing across at this SNR and rate, whatever the bandwidth; lower link.rate.bitsPerSecondPerHz or raise the SNR`,
      ];
    }
    return [
      `${who}: ${slowest.client} needs about ${duration(slowest.ms)} where ${duration(link.deadlineMs)} are allowed; ` +
        `bandwidthHz of ${hertz(needed)} would do`,
    ];
  });
}
