import type { Contract } from './contract.ts';
import { clientEnrolled, enrolmentRefused } from './facts/enrolment.ts';
import { evaluationReported } from './facts/evaluation.ts';
import { experimentFailed, experimentFinished, experimentSubmitted } from './facts/experiment.ts';
import { profileChanged } from './facts/profile.ts';
import { rewardModelAnnounced, rewardModelsAwaited } from './facts/reward-model.ts';
import { linksMeasured, roundAbandoned, roundCommitted, roundOpened, roundPlanned } from './facts/round.ts';
import { completionsRefused, completionsScored, completionsSubmitted, scoresRecorded } from './facts/scoring.ts';
import {
  downloadDelivered,
  downloadLost,
  uploadDelivered,
  uploadLost,
  uploadSent,
  uploadWithheld,
} from './facts/transfer.ts';

/** Every contract, in the order of a round. */
export const contracts: readonly Contract[] = [
  experimentSubmitted,
  clientEnrolled,
  enrolmentRefused,
  profileChanged,
  roundPlanned,
  linksMeasured,
  rewardModelsAwaited,
  rewardModelAnnounced,
  roundOpened,
  downloadDelivered,
  downloadLost,
  evaluationReported,
  completionsSubmitted,
  completionsScored,
  completionsRefused,
  scoresRecorded,
  uploadSent,
  uploadWithheld,
  uploadDelivered,
  uploadLost,
  roundCommitted,
  roundAbandoned,
  experimentFinished,
  experimentFailed,
];
