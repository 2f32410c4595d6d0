import type { ListChange } from './list-change.ts';

const MAX_WAITING_CHANGES = 256;
const MAX_WAITING_BYTES = 256 * 1024;

/** Announced changes that wait for their reader: by revision, each once, never more than 256 of them or 256 KiB. */
export class WaitingChanges<Change extends ListChange> {
  #waiting: { change: Change; bytes: number }[] = [];
  #bytes = 0;

  get size(): number {
    return this.#waiting.length;
  }

  get first(): Change | undefined {
    return this.#waiting[0]?.change;
  }

  /** False when there is no room. */
  add(change: Change, bytes: number): boolean {
    let at = this.#waiting.length;
    while (at > 0 && this.#waiting[at - 1]!.change.revision > change.revision) at -= 1;
    if (this.#waiting[at - 1]?.change.revision === change.revision) return true;
    if (this.#waiting.length >= MAX_WAITING_CHANGES || this.#bytes + bytes > MAX_WAITING_BYTES) return false;
    this.#waiting.splice(at, 0, { change, bytes });
    this.#bytes += bytes;
    return true;
  }

  shift(): Change | undefined {
    const first = this.#waiting.shift();
    this.#bytes -= first?.bytes ?? 0;
    return first?.change;
  }

  dropUpTo(revision: number): void {
    while ((this.first?.revision ?? Number.POSITIVE_INFINITY) <= revision) this.shift();
  }

  clear(): void {
    this.#waiting = [];
    this.#bytes = 0;
  }
}
