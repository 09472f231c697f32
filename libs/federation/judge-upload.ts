import { digestOf, findTensorProblem, viewSafetensors, type Digest, type TensorManifest } from '#parameters';
import type { Round } from './round.ts';

/** Why an upload is refused. The codes are stored and compared: they never change. */
export type RefusalCode =
  | 'wrong-round'
  | 'finished-round'
  | 'not-in-cohort'
  | 'wrong-signature'
  | 'double'
  | 'wrong-examples'
  | 'wrong-base'
  | 'wrong-size'
  | 'wrong-digest'
  | 'malformed'
  | 'foreign-tensor'
  | 'missing-tensor'
  | 'misshapen-tensor'
  | 'non-finite-tensor';

export interface Refusal {
  readonly code: RefusalCode;
  readonly message: string;
}

/** What came with the bytes: claims, all of them. */
export interface UploadClaim {
  readonly round: number;
  readonly client: string;
  readonly digest: Digest;
  readonly bytes: number;
  /** Training examples, which weigh the contribution. */
  readonly examples: number;
  /** The global model that the client says it started from. */
  readonly answers: Digest;
}

/** What the record says about the round and the client. */
export interface UploadExpectation {
  readonly global: Digest;
  readonly examples: number | undefined;
}

/**
 * What is wrong with an upload in the round as it stands, if anything: it must be for this round, from a member that has
 * not answered, with the examples that it enrolled and the global model that it was sent.
 */
export function judgeClaim(round: Round, expected: UploadExpectation, claim: UploadClaim): Refusal | undefined {
  const { number } = round.plan;
  if (claim.round > number || round.plan.purpose === 'evaluation')
    return refuse('wrong-round', `round ${claim.round} takes no upload, the current round is ${number}`);
  if (claim.round < number || !round.isCollecting())
    return refuse('finished-round', `round ${claim.round} is over, or not open`);
  if (!round.hasMember(claim.client))
    return refuse('not-in-cohort', `${claim.client} is not in the cohort of round ${number}`);
  const answer = round.answerOf(claim.client);
  if (answer !== undefined) return refuse('double', `${claim.client} has already answered round ${number}: ${answer}`);
  if (claim.examples !== expected.examples)
    return refuse('wrong-examples', `${claim.examples} examples claimed, ${expected.examples ?? 'none'} enrolled`);
  if (claim.answers !== expected.global)
    return refuse('wrong-base', `it starts from ${claim.answers}, round ${number} from ${expected.global}`);
  return undefined;
}

/** What is wrong with its bytes: they must be what was announced, and exactly the tensors that the round asks for, all finite. */
export function judgeBytes(
  manifest: TensorManifest,
  claim: Pick<UploadClaim, 'bytes' | 'digest'>,
  bytes: Uint8Array,
): Refusal | undefined {
  if (bytes.byteLength !== claim.bytes)
    return refuse('wrong-size', `${bytes.byteLength} bytes arrived, ${claim.bytes} were announced`);
  const digest = digestOf(bytes);
  if (digest !== claim.digest) return refuse('wrong-digest', `the bytes are ${digest}, announced was ${claim.digest}`);
  let problem;
  try {
    problem = findTensorProblem(viewSafetensors(bytes), manifest);
  } catch (error) {
    return refuse('malformed', error instanceof Error ? error.message : String(error));
  }
  return problem === undefined ? undefined : refuse(`${problem.kind}-tensor`, problem.message);
}

function refuse(code: RefusalCode, message: string): Refusal {
  return { code, message };
}
