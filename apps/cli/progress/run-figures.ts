/** What a run says before it starts. */
export interface RunPlan {
  readonly experiment: string;
  readonly method: { readonly name: string; readonly summary: string };
  readonly model: {
    readonly path: string;
    readonly type: string;
    readonly layers: number;
    readonly hidden: number;
    readonly parameters: number;
  };
  readonly rounds: number;
  readonly labels: readonly string[];
  readonly clients: readonly PlannedClient[];
  readonly bytesPerRound: { readonly uplink: number; readonly downlink: number };
  readonly link: string;
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
}

export interface PlannedClient {
  readonly client: string;
  readonly examples: { readonly train: number; readonly personalTest: number; readonly generalTest: number };
  readonly parameters: { readonly shared: number; readonly personal: number };
  readonly labelHistogram?: readonly number[] | undefined;
  readonly majorityClass: number;
}

/** A client's answers to one held-out instruction before training, at the end and by its own decoder, with the standardised score of each reward. */
export interface ComparedCompletion {
  readonly client: string;
  readonly instruction: string;
  readonly before: JudgedAnswer;
  readonly after: JudgedAnswer;
  /** Where the client tuned for itself. */
  readonly own?: JudgedAnswer;
}

interface JudgedAnswer {
  readonly text: string;
  readonly rewards: Readonly<Record<string, number>>;
}

/** Where a run is just now. */
export interface RunStatus {
  readonly round: number;
  readonly rounds: number;
  readonly training: number;
  readonly sending: number;
  readonly lost: number;
  readonly remainingMs?: number | undefined;
}
