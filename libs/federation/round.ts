// A round on one page. Facts go in, decisions come out; nothing here waits, stores or sends.
//
//   planned ──links measured──▶ measured ──opened──▶ opened ──first answer──▶ collecting ──last answer, or time out──▶ committed
//                                                                                                                 └─▶ abandoned
//   A round for evaluation goes the same way without uploads, and ends as evaluated.
import { selectCohort, type CohortMember, type LinkMeasurement } from './select-cohort.ts';

export type RoundStage = 'planned' | 'measured' | 'opened' | 'collecting' | 'committed' | 'abandoned' | 'evaluated';
export type RoundPurpose = 'training' | 'evaluation';

/** How a member's part in a round ended. */
export type Answer = 'contributed' | 'refused' | 'withheld' | 'upload-lost' | 'download-lost' | 'downloaded';

export interface RoundPlan {
  /** From 1. */
  readonly number: number;
  readonly purpose: RoundPurpose;
  readonly candidates: readonly CohortMember[];
  /** The models that each member reports on in this round; see `evaluatedArms`. */
  readonly arms: readonly string[];
  /** With fewer accepted uploads the round is abandoned; from 1. */
  readonly minContributions: number;
}

export type RoundEvent =
  | { readonly kind: 'links-measured'; readonly links: readonly LinkMeasurement[] }
  | { readonly kind: 'opened'; readonly cohort: readonly CohortMember[] }
  | { readonly kind: 'answered'; readonly client: string; readonly answer: Answer }
  | { readonly kind: 'evaluated'; readonly client: string; readonly arm: string }
  | { readonly kind: 'timed-out' };

export type Decision =
  | { readonly kind: 'wait' }
  | { readonly kind: 'open'; readonly cohort: readonly CohortMember[] }
  | { readonly kind: 'commit'; readonly contributors: readonly string[]; readonly missing: readonly string[] }
  | { readonly kind: 'abandon'; readonly reason: string; readonly missing: readonly string[] }
  | { readonly kind: 'conclude'; readonly missing: readonly string[] };

interface Membership {
  answer: Answer | undefined;
  readonly awaitedArms: Set<string>;
}

const WAIT: Decision = { kind: 'wait' };

export class Round {
  readonly plan: RoundPlan;
  #stage: RoundStage = 'planned';
  readonly #members = new Map<string, Membership>();
  #outstanding = 0;

  constructor(plan: RoundPlan) {
    this.plan = plan;
  }

  get stage(): RoundStage {
    return this.#stage;
  }

  /** Takes in one fact. Repeated facts, and facts that come too early or too late, change nothing. */
  apply(event: RoundEvent): Decision {
    switch (event.kind) {
      case 'links-measured':
        if (this.#stage !== 'planned') return WAIT;
        this.#stage = 'measured';
        return { kind: 'open', cohort: selectCohort(this.plan.candidates, event.links) };
      case 'opened':
        if (this.#stage !== 'planned' && this.#stage !== 'measured') return WAIT;
        this.#stage = 'opened';
        return this.#open(event.cohort);
      case 'answered':
        return this.#settle(event.client, (member) => {
          if (!this.#isFinal(event.answer)) return;
          member.answer ??= event.answer;
        });
      case 'evaluated':
        return this.#settle(event.client, (member) => member.awaitedArms.delete(event.arm));
      case 'timed-out':
        return this.isCollecting() ? this.#close() : WAIT;
    }
  }

  /** Whether uploads of this round are still taken. */
  isCollecting(): boolean {
    return this.#stage === 'opened' || this.#stage === 'collecting';
  }

  hasMember(client: string): boolean {
    return this.#members.has(client);
  }

  /** How this member's part ended, as far as is known. */
  answerOf(client: string): Answer | undefined {
    return this.#members.get(client)?.answer;
  }

  /** The members whose answer or evaluation is still to come, ascending. */
  missing(): readonly string[] {
    return this.#clients((member) => !isSettled(member));
  }

  #open(cohort: readonly CohortMember[]): Decision {
    for (const { client } of cohort)
      this.#members.set(client, { answer: undefined, awaitedArms: new Set(this.plan.arms) });
    this.#outstanding = this.#members.size;
    return this.#outstanding === 0 ? this.#close() : WAIT;
  }

  #settle(client: string, change: (member: Membership) => void): Decision {
    const member = this.#members.get(client);
    if (member === undefined || !this.isCollecting() || isSettled(member)) return WAIT;
    this.#stage = 'collecting';
    change(member);
    if (isSettled(member)) this.#outstanding -= 1;
    return this.#outstanding === 0 ? this.#close() : WAIT;
  }

  /** A delivered download ends a member's part only where no upload is to follow. */
  #isFinal(answer: Answer): boolean {
    return answer !== 'downloaded' || this.plan.purpose === 'evaluation';
  }

  #close(): Decision {
    const missing = this.missing();
    if (this.plan.purpose === 'evaluation') {
      this.#stage = 'evaluated';
      return { kind: 'conclude', missing };
    }
    const contributors = this.#clients((member) => member.answer === 'contributed');
    if (contributors.length < this.plan.minContributions) {
      this.#stage = 'abandoned';
      const reason = `${contributors.length} of ${this.#members.size} uploads arrived; at least ${this.plan.minContributions} must`;
      return { kind: 'abandon', reason, missing };
    }
    this.#stage = 'committed';
    return { kind: 'commit', contributors, missing };
  }

  /** In ascending order of names, which is the order of addition, whatever the order of arrival. */
  #clients(wanted: (member: Membership) => boolean): readonly string[] {
    return [...this.#members.keys()].filter((client) => wanted(this.#members.get(client) ?? NOBODY)).sort();
  }
}

const NOBODY: Membership = { answer: undefined, awaitedArms: new Set() };

function isSettled(member: Membership): boolean {
  return member.answer !== undefined && member.awaitedArms.size === 0;
}
