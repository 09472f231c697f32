import {
  checkVocabulary,
  Generator,
  initialValueHead,
  inPrecision,
  loadTokenizer,
  sparseAttention,
  withDecoder,
  type Tokenizer,
} from '#language-models';
import { decodeSafetensors, encodeSafetensors } from '#parameters';
import { randomStream } from '#randomness';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { TuningError } from '../../tuning-error.ts';
import { failureOf, givenUp } from '../../workers/job-failure.ts';
import { ofRequiredBase } from '../../workers/require-base.ts';
import type { Job, WorkerThreads } from '../../workers/job-pool.ts';
import { PolicySession } from '../learner/policy-session.ts';
import { updatePolicy, type Policy } from '../learner/update-policy.ts';
import type {
  InitialPolicyAnswer,
  PolicyBase,
  PolicyRequest,
  RolloutAnswer,
  RolloutRequest,
  UpdateAnswer,
  UpdateRequest,
} from './ppo-messages.ts';

/** Completions that are drawn at once; more take no less time a completion. */
const GENERATION_BATCH = 32;

/** What stays open between jobs: one base at a time, and no client's tensors. */
interface OpenPolicyBase {
  readonly session: PolicySession;
  readonly generator: Generator;
  readonly tokenizer: Tokenizer;
}

let current: Promise<OpenPolicyBase> | undefined;
let currentKey = '';

/** The worker's entry: serves one job after another on the base that it keeps open. Failures are answers, not exceptions. */
export default async function serve({ base, request, stop }: Job<PolicyBase, PolicyRequest>): Promise<unknown> {
  try {
    const open = await openBase(base);
    const goOn = () => {
      if (Atomics.load(stop, 0) === 1) throw givenUp();
    };
    open.session.beforeBatch = goOn;
    if (request.kind === 'rollout') return await serveRollout(open, base, request, goOn);
    const answer = request.kind === 'update' ? await serveUpdate(open, request) : serveInitial(open);
    return answer.outcome === 'stopped' ? answer : moved(answer);
  } catch (error) {
    return failureOf(error);
  }
}

async function openBase(base: PolicyBase & WorkerThreads): Promise<OpenPolicyBase> {
  const key = JSON.stringify(base);
  if (current !== undefined && key === currentKey) return current;
  const before = current;
  currentKey = key;
  current = (async () => {
    await before?.then(closeBase).catch(() => undefined);
    const { modelFolder, precision = 'fp32' } = base;
    return withDecoder(modelFolder, async (decoder) => {
      const tokenizer = await loadTokenizer(modelFolder);
      checkVocabulary(tokenizer, decoder.config);
      const weights = await inPrecision(decoder, { precision, modelFolder });
      const { trainableBlocks, attentionSparsity } = base;
      const blockBias = sparseAttention(weights.config, trainableBlocks, attentionSparsity);
      const session = await PolicySession.open(weights, { ...base, blockBias }, base);
      const generator = await Generator.open(weights, { trainableBlocks, ranked: false, blockBias }, base);
      return ofRequiredBase(base, { session, generator, tokenizer }, closeBase);
    });
  })();
  try {
    return await current;
  } catch (error) {
    current = undefined;
    throw error;
  }
}

async function closeBase({ session, generator }: OpenPolicyBase): Promise<void> {
  await Promise.all([session.close(), generator.close()]);
}

async function serveRollout(
  { generator, tokenizer, session }: OpenPolicyBase,
  { temperature }: PolicyBase,
  { tuned, prompts, count, maxNewTokens, maxPromptTokens, stream }: RolloutRequest,
  goOn: () => void,
): Promise<RolloutAnswer> {
  const room = Math.min(maxPromptTokens, session.config.maxPositions - maxNewTokens);
  const chosen: { readonly text: string; readonly ids: number[] }[] = [];
  let tooLong = 0;
  for (const text of prompts) {
    if (chosen.length === count) break;
    const ids = [tokenizer.clsTokenId, ...tokenizer.encodeRaw(text)];
    if (ids.length > room) tooLong += 1;
    else chosen.push({ text, ids });
  }
  if (chosen.length === 0)
    throw new TuningError(
      'ppo.prompts-too-long',
      `None of ${prompts.length} prompts has at most ${room} tokens, which is what the context leaves beside ${maxNewTokens} new ones: raise training.maxTokens, lower ppo.maxNewTokens, or give shorter instructions.`,
    );
  const tensors = decodeSafetensors(tuned);
  const rollouts = [];
  for (let from = 0; from < chosen.length; from += GENERATION_BATCH) {
    goOn();
    const batch = chosen.slice(from, from + GENERATION_BATCH);
    const { seed, purpose, coordinates } = stream;
    const asked = batch.map(({ ids }, at) => ({ ids, stream: randomStream(seed, purpose, ...coordinates, from + at) }));
    const completions = await generator.generate(asked, { maxNewTokens, temperature }, tensors);
    for (const [at, { ids, ended }] of completions.entries()) {
      const prompt = batch[at];
      if (prompt === undefined) continue;
      rollouts.push({ promptText: prompt.text, prompt: prompt.ids, ids, ended, text: tokenizer.decode(ids) });
    }
  }
  return { outcome: 'drawn', rollouts, tooLong };
}

async function serveUpdate({ session }: OpenPolicyBase, request: UpdateRequest): Promise<UpdateAnswer> {
  const [tuned, valueHead] = request.parts.map(decodeSafetensors);
  if (tuned === undefined || valueHead === undefined)
    throw new TuningError('tuning.tensor-missing', 'An update needs the tuned tensors and the value head.');
  const global = decodeSafetensors(request.global);
  const policy: Policy = {
    tuned,
    valueHead,
    global,
    reference: request.klReference === 'base' ? session.base : global,
    ...(request.sparse === undefined
      ? {}
      : { sparse: { families: request.sparse.families, kept: new Map(request.sparse.kept) } }),
  };
  const state =
    request.moments === undefined
      ? undefined
      : { step: request.moments.step, averages: decodeSafetensors(request.moments.averages) };
  const { completions, scores, settings } = request;
  const result = await updatePolicy(session, policy, { completions, scores }, settings, state);
  if (result.outcome === 'stopped') return result;
  const { step, averages } = result.optimiser;
  return {
    outcome: 'updated',
    parts: [encodeSafetensors(tuned), encodeSafetensors(valueHead)],
    moments: { step, averages: encodeSafetensors(averages) },
    figures: result.figures,
  };
}

function serveInitial({ session }: OpenPolicyBase): InitialPolicyAnswer {
  return {
    outcome: 'initial',
    parts: [encodeSafetensors(session.base), encodeSafetensors(initialValueHead(session.config))],
  };
}

/** Marks the answer's buffers to be handed over instead of copied. */
function moved(answer: Exclude<UpdateAnswer, { outcome: 'stopped' }> | InitialPolicyAnswer): unknown {
  const arrays = [...answer.parts, ...('moments' in answer ? [answer.moments.averages] : [])];
  return move({
    [transferableSymbol]: arrays.map(({ buffer }) => buffer as ArrayBuffer),
    [valueSymbol]: answer,
  });
}
