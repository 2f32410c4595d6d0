import { connect } from 'node:net';

export interface RawConversation {
  /** All that was answered, until the other side closed or `untilMs` had passed. */
  readonly answer: string;
  readonly closed: boolean;
  readonly tookMs: number;
}

/** Speaks to a server as no HTTP client would: writes each piece, `everyMs` apart, and listens until it is closed. */
export function sendRawBytes(
  url: string,
  pieces: readonly (string | Uint8Array)[],
  { untilMs = 20_000, everyMs = 0 } = {},
): Promise<RawConversation> {
  const { hostname, port } = new URL(url);
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) });
    const heard: Buffer[] = [];
    const end = (closed: boolean) => {
      clearTimeout(deadline);
      clearInterval(writing);
      socket.destroy();
      resolve({ answer: Buffer.concat(heard).toString('latin1'), closed, tookMs: performance.now() - startedAt });
    };
    const deadline = setTimeout(() => end(false), untilMs);
    let next = 0;
    const write = () => {
      const piece = pieces[next++];
      if (piece !== undefined && socket.writable) socket.write(piece);
    };
    const writing = setInterval(write, Math.max(1, everyMs));
    socket.on('connect', write);
    socket.on('data', (chunk) => heard.push(chunk));
    // A reset is a way to close.
    socket.on('error', () => undefined);
    socket.on('close', () => end(true));
  });
}

/** The status line's number; undefined when there was none. */
export function statusIn({ answer }: RawConversation): number | undefined {
  const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1];
  return status === undefined ? undefined : Number(status);
}
