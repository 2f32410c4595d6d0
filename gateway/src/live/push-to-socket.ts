import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { ListChange } from './list/list-change.ts';
import type { LiveList } from './list/live-list.ts';

/**
 * Writes frames straight to a socket, past `ws`, which makes two writes of each. All end in the same stream, so that
 * their order is that of the calls.
 */
export class FrameWriter {
  readonly #socket: WebSocket;
  readonly #wire: Socket;
  #waiting: Set<() => void> | undefined;

  /** `wire`: the connection below the socket, which must not compress. */
  constructor(socket: WebSocket, wire: Socket) {
    this.#socket = socket;
    this.#wire = wire;
  }

  /** Whether its reader takes what is written; while not, nothing may be written. */
  get open(): boolean {
    return !this.#wire.writableNeedDrain && this.#socket.readyState === this.#socket.OPEN;
  }

  /** A whole message, as text. */
  write(message: string): void {
    this.#wire.write(textFrame(message));
  }

  /** Calls each `goOn` once, when it is open again; never if the socket is closed instead. */
  whenOpen(goOn: () => void): void {
    if (!this.#waiting) {
      this.#waiting = new Set();
      this.#wire.once('drain', () => this.#drained());
    }
    this.#waiting.add(goOn);
  }

  #drained(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const goOn of waiting) goOn();
  }
}

/** A whole message of text from a server (RFC 6455, section 5.2), in one piece. */
export function textFrame(text: string): Buffer {
  const bytes = Buffer.byteLength(text);
  const at = bytes < 126 ? 2 : bytes < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(at + bytes);
  frame[0] = 0x81;
  if (at === 2) frame[1] = bytes;
  else if (at === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(bytes, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(bytes), 2);
  }
  frame.write(text, at, 'utf8');
  return frame;
}

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

/** Where the results of an operation go. */
export interface PushTo {
  readonly frames: Pick<FrameWriter, 'open' | 'write' | 'whenOpen'>;
  readonly operationId: string;
}
