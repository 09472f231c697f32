/** One thing that is not as it should be: where, and what was expected. */
export interface Finding {
  /** Stable, for programs: `ledger.hash`, `row.changed`, `radio.differs`, `blob.corrupt` … */
  readonly code: string;
  /** The table, and the row in it by its key: `transmission round=3 client=ward direction=uplink`. */
  readonly place: string;
  readonly message: string;
  /** The ledger entry concerned, where there is one. */
  readonly entry?: number;
  readonly round?: number;
}

/** What was checked of one round. */
export interface RoundReport {
  readonly round: number;
  readonly stage: string;
  readonly timedOut: boolean;
  readonly missing: readonly string[];
  /** Crossings of the link that the seed gives again. */
  readonly crossings: number;
  readonly lost: number;
  readonly contributions: number;
  readonly refused: number;
  /** Whether the global model was made again from the contributions; or why not. */
  readonly aggregate: 'same digest' | 'nothing to aggregate' | 'not closed' | 'blobs pruned' | 'differs';
  readonly findings: number;
}

/** The whole of an audit. */
export interface AuditReport {
  readonly experiment: string;
  readonly state: string;
  readonly verdict: 'intact' | 'touched';
  readonly head: { readonly entry: number; readonly head: string };
  /** Who signed the ledger, base64url. */
  readonly signedBy: readonly string[];
  readonly rounds: readonly RoundReport[];
  /** The first offending row first. */
  readonly findings: readonly Finding[];
  /** What could not be replayed, and why; no fault by itself. */
  readonly notReplayed: readonly string[];
  readonly witnesses: readonly { readonly site: string; readonly heads: number }[];
  readonly checked: {
    readonly entries: number;
    readonly rows: number;
    readonly signatures: number;
    readonly crossings: number;
    readonly aggregates: number;
  };
}

/** What the checks add to as they go. */
export class Findings {
  readonly all: Finding[] = [];
  readonly notReplayed: string[] = [];
  readonly counted = { entries: 0, rows: 0, signatures: 0, crossings: 0, aggregates: 0 };

  add(finding: Finding): void {
    this.all.push(finding);
  }

  ofRound(round: number): number {
    return this.all.filter((finding) => finding.round === round).length;
  }
}
