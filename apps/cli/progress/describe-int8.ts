import { baseMemoryBudgetBytes, basePrecision, type BaseModel, type ExperimentSpec } from '#contracts';
import { decoderBlockBytes, encoderBlockBytes, gradientsWithin } from '#language-models';
import { methodNamed, trains } from '#methods';
import { clientProfile } from '#tuning';
import { bytes } from './figures.ts';

/** A client, and the site that hosts it. */
interface Enrolled {
  readonly client: string;
  readonly site: string;
}

/** What a run's user should know of a base in int8, in sentences; none where no client has one. */
export function describeInt8(spec: ExperimentSpec, base: BaseModel, clients: readonly Enrolled[]): string[] {
  if (!clients.some(({ client }) => basePrecision(spec, client) === 'int8')) return [];
  return [
    describeMemory(spec, base, clients),
    ...describeBudgets(spec, base, clients),
    ...describeMixedSites(spec, clients),
  ];
}

/** What the base takes; by how much faster products with it are, each site measures and says in its notes. */
function describeMemory(spec: ExperimentSpec, { config }: BaseModel, clients: readonly Enrolled[]): string {
  const method = methodNamed(spec.method);
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
function describeBudgets(spec: ExperimentSpec, { config }: BaseModel, clients: readonly Enrolled[]): string[] {
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
function describeMixedSites(spec: ExperimentSpec, clients: readonly Enrolled[]): string[] {
  const sitesIn = (precision: 'fp32' | 'int8') =>
    new Set(clients.filter(({ client }) => basePrecision(spec, client) === precision).map(({ site }) => site));
  const inFp32 = sitesIn('fp32');
  const mixed = [...sitesIn('int8')].filter((site) => inFp32.has(site));
  return mixed.map((site) => `site ${site} has clients in int8 and in fp32: it has a base of each in memory`);
}
