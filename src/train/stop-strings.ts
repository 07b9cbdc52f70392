/** Looks for the first of several strings in a text that comes in pieces; holds back what may be the beginning of one. */
export class StopStrings {
  private held = '';
  /** One was found: what follows is not part of the text. */
  stopped = false;

  /** `stops` are not empty. */
  constructor(private readonly stops: readonly string[]) {}

  /** Adds a piece and returns the text that it completes, up to the first stop string. */
  push(piece: string): string {
    if (this.stopped) return '';
    if (this.stops.length === 0) return piece;
    const text = this.held + piece;
    const places = this.stops.map((stop) => text.indexOf(stop)).filter((place) => place >= 0);
    this.stopped = places.length > 0;
    const end = this.stopped ? Math.min(...places) : text.length - this.open(text);
    this.held = this.stopped ? '' : text.slice(end);
    return text.slice(0, end);
  }

  /** The text has ended: what was held back belongs to it. */
  finish(): string {
    const rest = this.held;
    this.held = '';
    return rest;
  }

  /** How many characters at the end of `text` begin a stop string that is not whole. */
  private open(text: string): number {
    const longest = Math.max(...this.stops.map((stop) => stop.length)) - 1;
    for (let length = Math.min(longest, text.length); length > 0; length--) {
      const end = text.slice(-length);
      if (this.stops.some((stop) => stop.length > length && stop.startsWith(end))) return length;
    }
    return 0;
  }
}
