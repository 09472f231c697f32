/** A round of federated tuning as a state machine, the verdicts that it rests on, and the rules that aggregate. */
export { aggregate, shares } from './aggregation/aggregate.ts';
export type { Aggregation, AggregationRule, Contribution, SparseGlobal } from './aggregation/aggregation-rule.ts';
export { aggregationRuleNamed, aggregationRules } from './aggregation/catalogue.ts';
export { clientNames, type ClientsSpec } from './client-names.ts';
export { evaluatedArms } from './evaluated-arms.ts';
export { FederationError } from './federation-error.ts';
export { judgeEnrolment, type Enrolment, type EnrolmentVerdict } from './judge-enrolment.ts';
export {
  judgeBytes,
  judgeClaim,
  type Refusal,
  type RefusalCode,
  type UploadClaim,
  type UploadExpectation,
} from './judge-upload.ts';
export { nextRound } from './next-round.ts';
export {
  Round,
  type Answer,
  type Decision,
  type RoundEvent,
  type RoundPlan,
  type RoundPurpose,
  type RoundStage,
} from './round.ts';
export { selectCohort, type CohortMember, type LinkMeasurement } from './select-cohort.ts';
export { emptyHistory, extendHistory, type ChannelHistory } from './sparsity/channel-history.ts';
export { keepChannels, type ChannelOrders } from './sparsity/keep-channels.ts';
export { channelPlan, keepsOn, orderFamilies, uploadBytes, type ChannelPlan } from './sparsity/plan-channels.ts';
export { readOrders, writeOrders } from './sparsity/write-orders.ts';
