/** A binary min-heap of numbers. */
export class NumberHeap {
  private items = new Float64Array(64);
  private length = 0;

  get isEmpty(): boolean {
    return this.length === 0;
  }

  push(value: number): void {
    if (this.length === this.items.length) {
      const larger = new Float64Array(2 * this.length);
      larger.set(this.items);
      this.items = larger;
    }
    const items = this.items;
    let at = this.length++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (items[parent]! <= value) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = value;
  }

  /** Takes out the smallest. The heap must not be empty. */
  pop(): number {
    const items = this.items;
    const top = items[0]!;
    const value = items[--this.length]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.length) break;
      if (child + 1 < this.length && items[child + 1]! < items[child]!) child++;
      if (items[child]! >= value) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = value;
    return top;
  }
}
