import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
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

/**
 * Reads an edge list, plain or gzip (told by its first bytes, not by its name), without holding it in memory.
 *
 * @throws the file system's error, or zlib's for a damaged gzip
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
  const isPacked = await isGzip(file);
  // Made after the last await before it is read: until then nobody would hear of its error, which would end the process.
  const bytes = createReadStream(file, { highWaterMark: 256 * 1024 });
  const unpack = isPacked ? createGunzip() : undefined;
  if (unpack) bytes.on('error', (error) => unpack.destroy(error)).pipe(unpack);
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of unpack ?? bytes) {
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
