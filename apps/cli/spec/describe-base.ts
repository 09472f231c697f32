import type { BaseModel, ExperimentSpec } from '#contracts';
import {
  checkVocabulary,
  digestCheckpoint,
  encoderManifest,
  loadTokenizer,
  readEncoderConfig,
  type EncoderConfig,
} from '#language-models';
import { methodNamed } from '#methods';
import { digestOf, encodeSafetensors, manifestOf, parameterCount } from '#parameters';
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
  const config = await readEncoderConfig(spec.model);
  checkSequenceLength(spec, config);
  checkVocabulary(await loadTokenizer(spec.model), config);
  const clients = checkClients(spec, config);
  const [first] = clients;
  if (first === undefined) throw new CliError('spec.invalid', 'clients.count: there must be at least one client');
  const settings = { seed: spec.seed, width: spec.adapters.width, labels: 0 };
  const recipe = tensorRecipe(method, 'shared', settings, { name: first, profile: clientProfile(spec, first, config) });
  const tensors = initialTensors(config, recipe);
  const initialShared = encodeSafetensors(tensors);
  return {
    base: {
      digest: await digestCheckpoint(spec.model),
      config: { ...config },
      parameters: parameterCount(encoderManifest(config)),
      shared: {
        manifest: manifestOf(tensors).map(({ name, shape }) => ({ name, shape: [...shape] })),
        initial: { digest: digestOf(initialShared), bytes: initialShared.length },
      },
    },
    initialShared,
  };
}

/** Every client's profile must fit the model, and whoever is named must take part. */
function checkClients(spec: ExperimentSpec, config: EncoderConfig): readonly string[] {
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
  for (const client of [...Object.keys(spec.profiles), ...clients.slice(0, 1)]) clientProfile(spec, client, config);
  return clients;
}
