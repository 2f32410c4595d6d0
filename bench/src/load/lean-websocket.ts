import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** One buffer for all: what has arrived is read before the next read. */
const arrived = Buffer.allocUnsafe(256 * 1024);

/**
 * A client of a WebSocket (RFC 6455) that does no more than a load generator needs: `ws` would take as long for a
 * message as the server that is measured. It takes for granted that messages are not split into frames.
 *
 * @param onText told each message; its bytes are good for that moment only
 * @param onEnd told why it ended after that
 * @returns when the connection is upgraded
 */
export async function openLeanWebSocket(
  url: string,
  protocol: string,
  onText: (bytes: Buffer) => void,
  onEnd: (why: Error) => void,
): Promise<{ send(text: string): void; close(): void }> {
  const { hostname, port } = new URL(url);
  const { promise: upgraded, resolve: isUpgraded, reject } = Promise.withResolvers<void>();
  const ended = (why: Error) => {
    if (upgrading) reject(why);
    else onEnd(why);
  };
  let upgrading = true;
  /** The begin of a frame whose rest has not arrived. */
  let rest: Buffer = Buffer.alloc(0);

  const socket: Socket = connect({
    host: hostname,
    port: Number(port),
    noDelay: true,
    onread: {
      buffer: arrived,
      callback(bytes, buffer) {
        const read = Buffer.from(buffer.buffer, buffer.byteOffset, bytes);
        const all = rest.length > 0 ? Buffer.concat([rest, read]) : read;
        const used = upgrading ? readUpgrade(all) : readFrames(all);
        rest = used === all.length ? NOTHING : Buffer.from(all.subarray(used));
        return true;
      },
    },
  });
  socket.on('error', ended);
  socket.on('close', () => ended(new Error('The socket was closed.')));
  const send = (opcode: number, payload: Buffer) => socket.write(maskedFrame(opcode, payload));

  function readUpgrade(bytes: Buffer): number {
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) return 0;
    const status = bytes.toString('latin1', 0, bytes.indexOf('\r\n'));
    if (!status.startsWith('HTTP/1.1 101 ')) {
      ended(new Error(`The server answers ${status}`));
      socket.destroy();
      return bytes.length;
    }
    upgrading = false;
    isUpgraded();
    return end + 4 + readFrames(bytes.subarray(end + 4));
  }

  /** How many bytes were whole frames. */
  function readFrames(bytes: Buffer): number {
    let at = 0;
    while (bytes.length - at >= 2) {
      const short = bytes[at + 1]!;
      const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (bytes.length - at < headBytes) return at;
      const length =
        short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
      const from = at + headBytes;
      if (bytes.length - from < length) return at;
      at = from + length;
      const opcode = bytes[from - headBytes]! & 15;
      if (opcode === TEXT) onText(bytes.subarray(from, at));
      else if (opcode === PING) send(PONG, bytes.subarray(from, at));
      else if (opcode === CLOSE) ended(new Error(`The server closes the socket: ${bytes.subarray(from + 2, at)}`));
    }
    return at;
  }

  socket.write(upgradeTo(url, protocol));
  await upgraded;
  return { send: (text) => void send(TEXT, Buffer.from(text)), close: () => void socket.destroy() };
}

const NOTHING = Buffer.alloc(0);

function upgradeTo(url: string, protocol: string): string {
  const { host, pathname } = new URL(url);
  return (
    `GET ${pathname} HTTP/1.1\r\nhost: ${host}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n` +
    `sec-websocket-version: 13\r\nsec-websocket-key: ${randomBytes(16).toString('base64')}\r\n` +
    `sec-websocket-protocol: ${protocol}\r\n\r\n`
  );
}

/** Masked with zeros, which a server cannot tell from any other mask. */
function maskedFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const head = length < 126 ? Buffer.from([0, 128 | length]) : Buffer.from([0, 254, length >> 8, length & 255]);
  head[0] = 128 | opcode;
  return Buffer.concat([head, Buffer.alloc(4), payload]);
}
