import {
  baseMemoryBudgetBytes,
  basePrecision,
  type BaseModel,
  type clientEnrolled,
  type DataOf,
  type ExperimentSpec,
} from '#contracts';
import { channelPlan, keepsOn, uploadBytes } from '#federation';
import { decoderBlockBytes, encoderBlockBytes, gradientsWithin } from '#language-models';
import { methodNamed, trains, type Method } from '#methods';
import { bandwidthToMeet, expectedTransferMs, measureLink, type LinkSettings } from '#radio';
import { clientProfile } from '#tuning';
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
      ...(clients.some(({ client }) => basePrecision(spec, client) === 'int8')
        ? [
            describeInt8(spec, base, method, clients),
            ...describeBudgets(spec, base, clients),
            ...describeMixedSites(spec, clients),
          ]
        : []),
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

/** What the base takes; by how much faster products with it are, each site measures and says in its notes. */
function describeInt8(
  spec: ExperimentSpec,
  { config }: BaseModel,
  method: Method,
  clients: readonly Enrolment[],
): string {
  const sizes = blockSizes(config);
  const loraBlocks = trains(method, 'lora')
    ? clients.flatMap(({ client }) => clientProfile(spec, client, sizes).lora.blocks)
    : [];
  const { fp32, int8, transposed } =
    method.base === 'decoder'
      ? decoderBlockBytes(sizes, spec.trainableBlocks)
      : encoderBlockBytes(sizes, { adapters: trains(method, 'adapters'), loraBlocks });
  if (int8 === 0)
    return 'base in int8: all of its blocks are tuned, in fp32; the product with its vocabulary alone is int8, where texts are generated';
  const copies =
    transposed > 0
      ? `, and ${bytes(transposed)} more as transposed copies for the gradients through them`
      : ', without copies, for no gradient flows through them';
  return (
    `base in int8: the matrices of its frozen blocks take ${bytes(int8)} for ${bytes(fp32)} in fp32${copies}; ` +
    'layers that stay in fp32 for their outliers add to that: airtune quantise names them'
  );
}

/** Of clients whose budget leaves no room for transposed copies. */
function describeBudgets(spec: ExperimentSpec, { config }: BaseModel, clients: readonly Enrolment[]): string[] {
  const lean = clients.filter(({ client }) => {
    const budget = baseMemoryBudgetBytes(spec, client);
    return budget !== undefined && gradientsWithin(blockSizes(config), budget) === 'dequantised';
  });
  if (lean.length === 0) return [];
  const whose = lean.length === clients.length ? 'all clients' : lean.map(({ client }) => client).join(', ');
  return [
    `base.memoryBudgetMegabytes leaves no room for transposed copies (${whose}): gradients flow through numbers in fp32 that each layer makes anew, which takes longer`,
  ];
}

function blockSizes(config: BaseModel['config']) {
  const [layers = 0, hidden = 0, intermediate = 0] = ['layers', 'hidden', 'intermediate'].map((size) =>
    Number(config[size]),
  );
  return { layers, hidden, intermediate };
}

/** Of sites whose clients do not all compute in the same precision. */
function describeMixedSites(spec: ExperimentSpec, clients: readonly Enrolment[]): string[] {
  const sitesIn = (precision: 'fp32' | 'int8') =>
    new Set(clients.filter(({ client }) => basePrecision(spec, client) === precision).map(({ site }) => site));
  const inFp32 = sitesIn('fp32');
  const mixed = [...sitesIn('int8')].filter((site) => inFp32.has(site));
  return mixed.map((site) => `site ${site} has clients in int8 and in fp32: it has a base of each in memory`);
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
