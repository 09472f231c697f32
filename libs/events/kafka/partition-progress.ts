/**
 * Which messages of a partition are still open, so that the committed offset never passes one: an event until it is
 * handled, the first chunk of a blob until the blob is stored. Offsets are opened in rising order.
 */
export class PartitionProgress {
  private readonly open = new Set<number>();
  private next: number | undefined;

  begin(offset: number): void {
    this.open.add(offset);
    this.next = offset + 1;
  }

  end(offset: number): void {
    this.open.delete(offset);
  }

  /** The offset from which a restarted reader must read; undefined before the first message. */
  get committable(): number | undefined {
    const [oldest] = this.open;
    return oldest ?? this.next;
  }
}
