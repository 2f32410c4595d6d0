import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { ListChange } from './list-change.ts';
import type { LiveList } from './live-list.ts';

/** Writes frames straight to a socket. */
export interface FrameWriter {
  /** Whether its reader takes what is written; while not, nothing may be written. */
  readonly open: boolean;
  /** A whole message, as text. */
  write(message: string): void;
  /** Calls each `goOn` once, when it is open again; never if the socket is closed instead. */
  whenOpen(goOn: () => void): void;
}

/**
 * Past `ws`, which makes two writes of a frame. All end in the same stream, so that their order is that of the calls.
 *
 * @param wire the connection below the socket, which must not compress
 */
export function writeFrames(socket: WebSocket, wire: Socket): FrameWriter {
  const waiting = new Set<() => void>();
  const drained = () => {
    const those = [...waiting];
    waiting.clear();
    for (const goOn of those) goOn();
  };
  return {
    get open() {
      return !wire.writableNeedDrain && socket.readyState === socket.OPEN;
    },
    write: (message) => void wire.write(textFrame(message)),
    whenOpen(goOn) {
      if (waiting.size === 0) wire.once('drain', drained);
      waiting.add(goOn);
    },
  };
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
 * (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md#next), which takes longer than to make it. What
 * graphql-ws iterates over yields nothing, and ends with the list.
 */
export function pushToSocket<Change extends ListChange>(
  list: LiveList<Change>,
  resultOf: (change: Change) => string,
  { frames, operationId }: { readonly frames: FrameWriter; readonly operationId: string },
): AsyncIterableIterator<never, undefined> {
  const before = `{"id":${JSON.stringify(operationId)},"type":"next","payload":`;
  const end = Promise.withResolvers<IteratorResult<never, undefined>>();

  function pushWhatIsThere(): void {
    while (frames.open) {
      const change = list.take();
      if (!change) return;
      frames.write(`${before}${resultOf(change)}}`);
    }
    frames.whenOpen(push);
  }

  function push(): void {
    try {
      pushWhatIsThere();
    } catch (error) {
      list.end(error as Error);
    }
    if (list.ended) end.resolve(list.next() as Promise<IteratorReturnResult<undefined>>);
  }

  return {
    next() {
      list.onReady = push;
      push();
      return end.promise;
    },
    return: () => list.return() as Promise<IteratorReturnResult<undefined>>,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
