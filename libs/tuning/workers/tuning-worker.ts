import { checkVocabulary, loadTokenizer, readEncoderConfig } from '#language-models';
import { decodeSafetensors, encodeSafetensors, selectTensors, type NamedTensors } from '#parameters';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { initialTensors } from '../clients/tensor-recipe.ts';
import { ClassifierSession } from '../learner/classifier-session.ts';
import { evaluate } from '../learner/evaluate.ts';
import { tuneLocally } from '../learner/tune-locally.ts';
import { failureOf, givenUp } from './job-failure.ts';
import { ofRequiredBase } from './require-base.ts';
import { TokenCache } from './token-cache.ts';
import type {
  EvaluateAnswer,
  EvaluateRequest,
  InitialAnswer,
  InitialRequest,
  Moments,
  TensorParts,
  TuneAnswer,
  TuneRequest,
  WorkerJob,
} from './tuning-messages.ts';

/** What stays open between jobs: one base at a time, and no client's tensors. */
interface OpenBase {
  readonly key: string;
  readonly session: ClassifierSession;
  readonly tokens: TokenCache;
}

let current: Promise<OpenBase> | undefined;
let currentKey = '';

/** The worker's entry: serves one job after another on the base that it keeps open. Failures are answers, not exceptions. */
export default async function serve(job: WorkerJob): Promise<unknown> {
  const { base, request, stop, progress } = job;
  try {
    const open = await openBase(base);
    open.session.beforeBatch = () => {
      if (Atomics.load(stop, 0) === 1) throw givenUp();
    };
    if (request.kind === 'evaluate') return await serveEvaluate(open, request);
    if (request.kind === 'initial') return moved(serveInitial(open, request));
    const answer = await serveTune(open, request, (step, loss) => {
      progress?.postMessage({ step: step + 1, steps: request.batches.length, loss });
    });
    return answer.outcome === 'trained' ? moved(answer) : answer;
  } catch (error) {
    return failureOf(error);
  } finally {
    progress?.close();
  }
}

async function openBase(base: WorkerJob['base']): Promise<OpenBase> {
  const key = JSON.stringify(base);
  if (current !== undefined && key === currentKey) return current;
  const before = current;
  currentKey = key;
  current = (async () => {
    await before?.then(({ session }) => session.close()).catch(() => undefined);
    const tokenizer = await loadTokenizer(base.modelFolder);
    checkVocabulary(tokenizer, await readEncoderConfig(base.modelFolder));
    const session = await ofRequiredBase(base, await ClassifierSession.open(base, base), (one) => one.close());
    return { key, session, tokens: new TokenCache(tokenizer, base.maxTokens) };
  })();
  try {
    return await current;
  } catch (error) {
    current = undefined;
    throw error;
  }
}

async function serveTune(
  { session, tokens }: OpenBase,
  request: TuneRequest,
  onStep: (step: number, loss: number) => void,
): Promise<TuneAnswer> {
  const parts = request.parts.map(decodeSafetensors);
  const parameters = merged(parts);
  const data = { examples: tokens.tokenise(request.examples), batches: request.batches };
  const state =
    request.moments === undefined
      ? undefined
      : { step: request.moments.step, averages: decodeSafetensors(request.moments.averages) };
  const result = await tuneLocally(session, parameters, data, request.settings, state, onStep);
  if (result.outcome === 'stopped') {
    return { outcome: 'stopped', message: `Step ${result.step + 1} of ${request.batches.length}: ${result.what}.` };
  }
  const { step, averages } = result.optimiser;
  return {
    outcome: 'trained',
    parts: splitAs(parts, parameters),
    losses: result.losses,
    ...(request.wantMoments === true ? { moments: { step, averages: encodeSafetensors(averages) } } : {}),
  };
}

async function serveEvaluate({ session, tokens }: OpenBase, request: EvaluateRequest): Promise<EvaluateAnswer> {
  const parameters = merged(request.parts.map(decodeSafetensors));
  const evaluations = [];
  for (const set of request.sets) {
    evaluations.push(await evaluate(session, parameters, tokens.tokenise(set), request));
  }
  return { outcome: 'evaluated', evaluations };
}

function serveInitial({ session }: OpenBase, { recipes }: InitialRequest): InitialAnswer {
  const parts = recipes.map((recipe) => encodeSafetensors(initialTensors(session.config, recipe)));
  return { outcome: 'initial', parts };
}

function merged(parts: readonly NamedTensors[]): NamedTensors {
  return new Map(parts.flatMap((part) => [...part]));
}

/** The tensors in the groups in which they came, as canonical safetensors. */
function splitAs(parts: readonly NamedTensors[], tensors: NamedTensors): TensorParts {
  return parts.map((part) => encodeSafetensors(selectTensors(tensors, (name) => part.has(name))));
}

/** Marks the answer's buffers to be handed over instead of copied. */
function moved(answer: { readonly parts: TensorParts; readonly moments?: Moments }): unknown {
  const arrays = [...answer.parts, ...(answer.moments === undefined ? [] : [answer.moments.averages])];
  return move({
    [transferableSymbol]: arrays.map(({ buffer }) => buffer as ArrayBuffer),
    [valueSymbol]: answer,
  });
}
