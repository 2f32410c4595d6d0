import { connect } from 'node:net';

export interface LeanAnswer {
  readonly status: number;
  /** Whether the words `"errors"` are in the body. */
  readonly hasErrors: boolean;
  readonly hasRetryAfter: boolean;
  /** The body's begin, to say what came that should not have. */
  text(): string;
}

export interface LeanConnection {
  /** Sends the request, whole as it is. The one before must have been answered. */
  send(request: Buffer): void;
  close(): void;
}

const HEAD_ENDS = Buffer.from('\r\n\r\n');
const ERRORS = Buffer.from('"errors"');
/** One buffer for all connections: what has arrived is read before the next read. */
const arrived = Buffer.allocUnsafe(64 * 1024);

/**
 * A connection of HTTP/1.1 that does no more than a crowd needs: a client that does all it should would take as long
 * for a refusal as the server that gives it, and no crowd of it could be ten times too large. It takes for granted that
 * an answer says its length or comes in one piece.
 *
 * @param onAnswer told each answer; its bytes are good for that moment only
 * @param onEnd told why the connection ended without being closed here
 */
export function openLeanConnection(
  url: string,
  onAnswer: (answer: LeanAnswer) => void,
  onEnd: (why: string) => void,
): Promise<LeanConnection> {
  const { hostname, port } = new URL(url);
  const { promise, resolve, reject } = Promise.withResolvers<LeanConnection>();
  let closed = false;
  /** The begin of an answer whose rest has not arrived. */
  let rest: Buffer | undefined;

  const socket = connect({
    host: hostname,
    port: Number(port),
    noDelay: true,
    onread: {
      buffer: arrived,
      callback(bytes) {
        const read = arrived.subarray(0, bytes);
        const all = rest === undefined ? read : Buffer.concat([rest, read]);
        const answer = readAnswer(all);
        rest = answer === undefined ? Buffer.from(all) : undefined;
        if (answer !== undefined) onAnswer(answer);
        return true;
      },
    },
  });
  const end = (why: string) => {
    if (closed) return;
    closed = true;
    socket.destroy();
    reject(new Error(why));
    onEnd(why);
  };
  socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  socket.on('close', () => end('closed'));
  socket.on('connect', () =>
    resolve({
      send: (request) => void socket.write(request),
      close() {
        closed = true;
        socket.destroy();
      },
    }),
  );
  return promise;
}

/** undefined while it is not whole. */
function readAnswer(bytes: Buffer): LeanAnswer | undefined {
  const headEnds = bytes.indexOf(HEAD_ENDS);
  if (headEnds < 0) return undefined;
  const head = bytes.toString('latin1', 0, headEnds).toLowerCase();
  const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1];
  const body = bytes.subarray(headEnds + HEAD_ENDS.length);
  if (length !== undefined && body.length < Number(length)) return undefined;
  return {
    status: Number(head.slice(9, 12)),
    hasErrors: body.includes(ERRORS),
    hasRetryAfter: head.includes('\r\nretry-after: '),
    text: () => body.toString('utf8', 0, 200),
  };
}
