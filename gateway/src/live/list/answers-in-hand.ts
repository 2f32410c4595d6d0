/** 64 MiB, over all lists of the process. */
const MAX_BYTES_IN_HAND = 64 * 1024 * 1024;

/** An answer of the store that its reader has not taken whole. */
export interface AnswerInHand {
  /** Its reader has taken a change of it. */
  taken(): void;
  /** It is taken whole, or nobody wants it any more. */
  release(): void;
}

/**
 * Memory budget of a process with eviction of the least recently used: what the store has answered waits for readers, of
 * all lists together never more than so many bytes. Over that, the answer goes whose reader has taken nothing for the
 * longest: its list asks again when they read. A single answer that is larger than all stays, alone.
 */
export class AnswersInHand {
  readonly #maxBytes: number;
  /** The least recently taken from first. */
  readonly #answers = new Set<{ readonly bytes: number; drop(): void }>();
  #bytes = 0;

  constructor(maxBytes: number = MAX_BYTES_IN_HAND) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** `drop` is called at most once, and never after `release`. */
  hold(bytes: number, drop: () => void): AnswerInHand {
    const answer = { bytes, drop };
    this.#add(answer);
    for (const oldest of this.#answers) {
      if (this.#bytes <= this.#maxBytes || oldest === answer) break;
      this.#remove(oldest);
      oldest.drop();
    }
    return {
      taken: () => {
        if (this.#remove(answer)) this.#add(answer);
      },
      release: () => void this.#remove(answer),
    };
  }

  #add(answer: { readonly bytes: number; drop(): void }): void {
    this.#answers.add(answer);
    this.#bytes += answer.bytes;
  }

  #remove(answer: { readonly bytes: number; drop(): void }): boolean {
    const wasHeld = this.#answers.delete(answer);
    if (wasHeld) this.#bytes -= answer.bytes;
    return wasHeld;
  }
}
