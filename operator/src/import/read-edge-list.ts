import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip } from 'node:zlib';

export type EdgeListLine =
  | { kind: 'edge'; line: number; a: string; b: string }
  | { kind: 'bad'; line: number; reason: string };

const MAX_LINE_LENGTH = 1_000;
/** The username is `n` and the id, and has at most 32 characters. */
const MAX_ID_LENGTH = 31;

/** What one line of an edge list says; undefined: nothing (empty, or a `#` comment). `line` counts from 1. */
export function parseEdgeListLine(text: string, line: number): EdgeListLine | undefined {
  const bad = (reason: string): EdgeListLine => ({ kind: 'bad', line, reason });
  if (text.length > MAX_LINE_LENGTH) return bad(`is longer than ${MAX_LINE_LENGTH} characters`);
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.startsWith('#')) return undefined;
  const ids = trimmed.split(/[\s,;]+/);
  const [a, b] = ids;
  if (ids.length !== 2 || a === undefined || b === undefined) {
    return bad(`has ${ids.length} ${ids.length === 1 ? 'field' : 'fields'} and not two ids`);
  }
  for (const id of ids) {
    if (!/^\d+$/.test(id)) return bad(`"${id.slice(0, 40)}" is not an id (digits only)`);
    if (id.length > MAX_ID_LENGTH) return bad(`an id has more than ${MAX_ID_LENGTH} digits`);
  }
  if (a === b) return bad(`binds ${a} to itself`);
  return { kind: 'edge', line, a, b };
}

/** Not a file of lines that can be read twice; the message says, behind the file's name, what it is and what to do. */
export class NoEdgeList extends Error {
  override name = 'NoEdgeList';
}

/**
 * Reads an edge list, plain or gzip (told by its first bytes, not by its name), without holding it in memory.
 *
 * @throws NoEdgeList before the first line; the file system's error, or zlib's for a damaged gzip
 */
export async function* readEdgeList(file: string): AsyncGenerator<EdgeListLine> {
  let number = 0;
  for await (const text of lines(file)) {
    const parsed = parseEdgeListLine(text, ++number);
    if (parsed) yield parsed;
  }
}

/** As node:readline, but a line without end is cut instead of filling the memory. */
async function* lines(file: string): AsyncGenerator<string> {
  await refuseWhatIsReadOnce(file);
  const isPacked = await isGzip(file);
  // Created after the last await before it is read: an earlier error would have no listener and end the process.
  const bytes = createReadStream(file, { highWaterMark: 256 * 1024 });
  const unpack = isPacked ? createGunzip() : undefined;
  if (unpack) bytes.on('error', (error) => unpack.destroy(error)).pipe(unpack);
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let isFirst = true;
  for await (const chunk of unpack ?? bytes) {
    if (isFirst) refuseOtherThanLines(chunk as Buffer);
    isFirst = false;
    const parts = (rest + decoder.write(chunk as Buffer)).split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
    if (rest.length > MAX_LINE_LENGTH) rest = rest.slice(0, MAX_LINE_LENGTH + 1);
  }
  if (rest !== '') yield rest;
}

async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await handle.close();
  }
}

async function refuseWhatIsReadOnce(file: string): Promise<void> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    // The name that a shell gives `<(…)` is open only in the shell.
    if (/^\/(dev|proc\/\w+)\/fd\//.test(file)) throw new NoEdgeList(READ_ONCE);
    throw error;
  });
  if (found.isDirectory()) throw new NoEdgeList('is a folder, and not an edge list.');
  if (!found.isFile()) throw new NoEdgeList(READ_ONCE);
}

const READ_ONCE = 'can be read only once, and an import reads twice: write it to a file first, and import that.';

/** By the beginning of it, unpacked: a file of another kind would be thousands of bad lines, or a single one. */
function refuseOtherThanLines(head: Buffer): void {
  if (isUtf16(head)) throw new NoEdgeList('is UTF-16: save it as UTF-8, and import that.');
  const text = head.toString('latin1');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what tells bytes from lines.
  if (/[\0-\x08\x0e-\x1f\x7f]/.test(text)) throw new NoEdgeList('is binary, and not an edge list: two ids a line.');
  if (!text.includes('\n') && /\r./.test(text)) {
    throw new NoEdgeList('ends its lines with CR alone: end them with LF or CR LF, and import that.');
  }
}

/** By its byte order mark; without one, by the zero that is half of every digit and line end. */
function isUtf16(head: Buffer): boolean {
  const mark = head.length >= 2 ? head.readUInt16BE(0) : 0;
  if (mark === 0xfffe || mark === 0xfeff) return true;
  const halves = [0, 1].map((first) => head.subarray(0, 1_000).filter((_, at) => at % 2 === first));
  return (
    head.length >= 4 && halves.some((half, at) => half.every((byte) => byte === 0) && !halves[1 - at]?.includes(0))
  );
}
