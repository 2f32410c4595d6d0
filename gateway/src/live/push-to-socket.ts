import type { PushTo } from '../request/gateway-context.ts';
import type { ListChange } from './list/list-change.ts';
import type { LiveList } from './list/live-list.ts';

/**
 * Pushes a live list to its socket as changes come, until it ends or is left: as graphql-ws would write each result
 * (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md#next), which takes longer than to make it. Nothing of
 * it can be iterated over, so that whoever wraps results that can be wraps nothing here: that would take more memory than
 * all the rest of an idle list.
 */
export class PushedList<Change extends ListChange = ListChange> {
  readonly #list: LiveList<Change>;
  readonly #resultOf: (change: Change) => string;
  readonly #frames: PushTo['frames'];
  readonly #before: string;
  #end: PromiseWithResolvers<IteratorResult<never, undefined>> | undefined;

  /** `resultOf` answers JSON. */
  constructor(list: LiveList<Change>, resultOf: (change: Change) => string, { frames, operationId }: PushTo) {
    this.#list = list;
    this.#resultOf = resultOf;
    this.#frames = frames;
    this.#before = `{"id":${JSON.stringify(operationId)},"type":"next","payload":`;
  }

  /** Begins to push, and waits for the end; rejects with the error that has ended the list. */
  untilEnd(): Promise<IteratorResult<never, undefined>> {
    this.#end ??= Promise.withResolvers();
    this.#list.onReady = this.#push;
    this.#push();
    return this.#end.promise;
  }

  leave(): void {
    this.#list.end();
  }

  readonly #push = (): void => {
    try {
      this.#pushWhatIsThere();
    } catch (error) {
      this.#list.end(error as Error);
    }
    if (this.#list.ended) this.#end?.resolve(this.#list.next() as Promise<IteratorReturnResult<undefined>>);
  };

  #pushWhatIsThere(): void {
    while (this.#frames.open) {
      const change = this.#list.take();
      if (!change) return;
      this.#frames.write(`${this.#before}${this.#resultOf(change)}}`);
    }
    this.#frames.whenOpen(this.#push);
  }
}
