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
    ...describeMixedSites(spec, base, clients),
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
  // Budgets say so of themselves.
  const hasCopies = clients.some(({ client }) => computedBy(spec, config, client) === 'copies');
  const copies = !hasCopies
    ? ''
    : transposed > 0
      ? `, and ${bytes(transposed)} more as transposed copies for the gradients through them`
      : ', without copies, for no gradient flows through them';
  return (
    `base in int8: the matrices of its frozen blocks take ${bytes(int8)} for ${bytes(fp32)} in fp32${copies}; ` +
    'layers that stay in fp32 for their outliers add to that: airtune quantise names them'
  );
}

/** Of clients whose budget leaves no room for transposed copies. */
function describeBudgets(spec: ExperimentSpec, { config }: BaseModel, clients: readonly Enrolled[]): string[] {
  const lean = clients.filter(({ client }) => computedBy(spec, config, client) === 'dequantised');
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

const COMPUTED = { copies: 'in int8', dequantised: 'in int8 without transposed copies', fp32: 'in fp32' };

/** What a client's products with its base are: in fp32, or in int8 with gradients of either kind. */
function computedBy(spec: ExperimentSpec, config: BaseModel['config'], client: string): keyof typeof COMPUTED {
  if (basePrecision(spec, client) === 'fp32') return 'fp32';
  return gradientsWithin(blockSizes(config), baseMemoryBudgetBytes(spec, client));
}

/** Of sites whose clients do not all compute in the same way. */
function describeMixedSites(spec: ExperimentSpec, { config }: BaseModel, clients: readonly Enrolled[]): string[] {
  return [...new Set(clients.map(({ site }) => site))].flatMap((site) => {
    const own = clients.filter((client) => client.site === site);
    const ways = new Set(own.map(({ client }) => computedBy(spec, config, client)));
    const words = Object.entries(COMPUTED).flatMap(([way, word]) =>
      ways.has(way as keyof typeof COMPUTED) ? [word] : [],
    );
    return words.length < 2 ? [] : [`site ${site} has clients ${words.join(' and ')}: it has a base of each in memory`];
  });
}
