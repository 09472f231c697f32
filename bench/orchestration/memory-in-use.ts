/** Facts between two looks: collecting garbage takes a while. */
const FACTS = 97;

/**
 * The most memory in use at any of many moments spread over rounds: what is still referred to, in the heap and beside it.
 * Resident memory says less of it, since V8 lets garbage lie as long as it likes.
 */
export class MemoryInUse {
  peakBytes = 0;
  readonly #collect: () => void;
  #facts = 0;

  constructor(collect: () => void) {
    this.#collect = collect;
  }

  /** Called at every fact that is stated. */
  take(): void {
    this.#facts += 1;
    if (this.#facts % FACTS !== 0) return;
    this.#collect();
    const { heapUsed, external } = process.memoryUsage();
    this.peakBytes = Math.max(this.peakBytes, heapUsed + external);
  }
}
