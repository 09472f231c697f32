import { baseMemoryBudgetBytes, type BaseModel, type ExperimentSpec } from '#contracts';
import {
  checkVocabulary,
  decoderManifest,
  digestCheckpoint,
  encoderManifest,
  gradientsWithin,
  loadTokenizer,
  readEncoderConfig,
  tunedTensors,
  withDecoder,
  type DecoderConfig,
  type EncoderConfig,
} from '#language-models';
import { methodNamed } from '#methods';
import { digestOf, encodeSafetensors, manifestOf, parameterCount, type NamedTensors } from '#parameters';
import { checkLink } from '#radio';
import { checkSequenceLength, clientProfile, initialTensors, tensorRecipe } from '#tuning';
import { clientNames } from '#federation';
import { CliError } from '../cli-error.ts';

/** What is submitted: the base in words and numbers, and the first shared tensors as bytes. Never the base's weights. */
export interface Submission {
  readonly base: BaseModel;
  readonly initialShared: Uint8Array;
}

/**
 * Reads a spec's model folder and checks that the spec fits it.
 * @throws errors with a code that name the field, file or tensor that is wrong.
 */
export async function describeBase(spec: ExperimentSpec): Promise<Submission> {
  const method = methodNamed(spec.method);
  checkLink(spec.link);
  checkClients(spec);
  const { config, parameters, tensors } =
    method.base === 'decoder' ? await describeDecoder(spec) : await describeEncoder(spec);
  const initialShared = encodeSafetensors(tensors);
  return {
    base: {
      digest: await digestCheckpoint(spec.model),
      config: { ...config },
      parameters,
      shared: {
        manifest: manifestOf(tensors).map(({ name, shape }) => ({ name, shape: [...shape] })),
        initial: { digest: digestOf(initialShared), bytes: initialShared.length },
      },
    },
    initialShared,
  };
}

/** What differs between bases: the config, how many numbers there are, and the shared tensors before any round. */
interface Described {
  readonly config: EncoderConfig | DecoderConfig;
  readonly parameters: number;
  readonly tensors: NamedTensors;
}

async function describeEncoder(spec: ExperimentSpec): Promise<Described> {
  if (spec.data.source === 'instructions')
    throw new CliError('spec.invalid', `data.source: ${spec.method} learns from labels; instructions have none`);
  const config = await readEncoderConfig(spec.model);
  checkSequenceLength(spec, config);
  checkVocabulary(await loadTokenizer(spec.model), config);
  const [first = ''] = clientNames(spec.clients);
  for (const client of [...Object.keys(spec.profiles), first]) {
    clientProfile(spec, client, config);
    gradientsWithin(config, baseMemoryBudgetBytes(spec, client));
  }
  const settings = { seed: spec.seed, width: spec.adapters.width, labels: 0 };
  const profile = clientProfile(spec, first, config);
  const recipe = tensorRecipe(methodNamed(spec.method), 'shared', settings, { name: first, profile });
  return { config, parameters: parameterCount(encoderManifest(config)), tensors: initialTensors(config, recipe) };
}

/** The shared tensors of a decoder are the base's own top blocks. */
async function describeDecoder(spec: ExperimentSpec): Promise<Described> {
  if (spec.data.source !== 'instructions')
    throw new CliError('spec.invalid', `data.source: ${spec.method} answers instructions; write source: instructions`);
  return withDecoder(spec.model, async (decoder) => {
    const { config } = decoder;
    checkVocabulary(await loadTokenizer(spec.model), config);
    const parameters = parameterCount(decoderManifest(config));
    return { config, parameters, tensors: tunedTensors(decoder, spec.trainableBlocks) };
  });
}

/** Whoever is named must take part. */
function checkClients(spec: ExperimentSpec): void {
  const clients = clientNames(spec.clients);
  const known = new Set(clients);
  const named = [
    ...Object.keys(spec.profiles).map((client) => ({ field: 'profiles', client })),
    ...Object.keys(spec.link.snrOffsetDb).map((client) => ({ field: 'link.snrOffsetDb', client })),
  ];
  for (const { field, client } of named) {
    if (known.has(client)) continue;
    const last = clients.at(-1) ?? '';
    const those = 'names' in spec.clients ? clients.slice(0, 20).join(', ') : `client-0 to ${last}`;
    throw new CliError('spec.invalid', `${field}.${client}: there is no such client; this spec has ${those}`);
  }
  const { minContributions } = spec.aggregation;
  if (minContributions > clients.length) {
    throw new CliError(
      'spec.invalid',
      `aggregation.minContributions: no round could ever get ${minContributions} contributions from ${clients.length} clients`,
    );
  }
}
