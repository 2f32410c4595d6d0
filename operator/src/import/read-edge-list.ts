import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip } from 'node:zlib';
import { type EdgeListLine, type IdKind, MAX_LINE_LENGTH, parseEdgeListLine } from './read-edge-list-line.ts';

/** Not a file of lines; the message says, behind the file's name, what it is and what to do. */
export class NoEdgeList extends Error {
  override name: string = 'NoEdgeList';
}

/** Something that cannot be read twice, or is no file at all. */
export class NoFile extends NoEdgeList {
  override name = 'NoFile';
}

/**
 * Reads an edge list, plain or gzip (told by its first bytes, not by its name), without holding it in memory.
 *
 * @throws NoEdgeList before the first line; the file system's error, or zlib's for a damaged gzip
 */
export async function* readEdgeList(file: string, ids: IdKind = 'numbers'): AsyncGenerator<EdgeListLine> {
  let number = 0;
  for await (const text of lines(file)) {
    const parsed = parseEdgeListLine(text, ++number, ids);
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
    if (/^\/(dev|proc\/\w+)\/fd\//.test(file)) throw new NoFile(READ_ONCE);
    throw error;
  });
  if (found.isDirectory()) throw new NoFile('is a folder, and not an edge list.');
  if (!found.isFile()) throw new NoFile(READ_ONCE);
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
