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

/** One round as it is recorded: crossings, cost, and how good the clients' models are after it. */
export interface RoundFigures {
  readonly round: number;
  readonly state: 'open' | 'committed' | 'abandoned';
  readonly reason?: string | undefined;
  readonly delivered: { readonly uplink: number; readonly downlink: number };
  readonly lost: { readonly uplink: number; readonly downlink: number };
  readonly withheld: number;
  readonly refused: number;
  readonly airtimeMs: number;
  readonly delayMs: number;
  readonly energyJ: number;
  readonly uplinkBytes: number;
  readonly downlinkBytes: number;
  readonly meanLoss?: number | undefined;
  readonly personalAccuracy?: { readonly mean: number; readonly worst: number } | undefined;
  readonly generalAccuracy?: number | undefined;
}

export interface ClientFigures {
  readonly client: string;
  readonly personalAccuracy: number;
  readonly personalAccuracyFirst: number;
  readonly generalAccuracy: number;
  readonly majorityClass: number;
  readonly localOnly: number | null;
  readonly personalDigest: string;
}

/** What a finished run comes to; `--json` closes with it. Accuracies are fractions of 1, `first` is before training. */
export interface ClosingFigures {
  readonly event: 'experiment.finished';
  readonly experiment: string;
  readonly rounds: number;
  readonly globalDigest: string;
  readonly metrics: {
    readonly personalAccuracy: { readonly mean: number; readonly worst: number; readonly first: number };
    readonly generalAccuracy: { readonly mean: number; readonly first: number };
  };
  readonly cost: {
    readonly uplinkBytes: number;
    readonly downlinkBytes: number;
    readonly airtimeMs: number;
    readonly energyJ: number;
  };
  readonly lost: { readonly uplink: number; readonly downlink: number };
  readonly clients: readonly ClientFigures[];
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
