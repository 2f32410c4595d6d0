export type EdgeListLine =
  /** `further`: what stands behind the two ids, and is ignored. */
  | { kind: 'edge'; line: number; a: string; b: string; further?: string }
  | { kind: 'bad'; line: number; reason: string };

/** What an id is: a number, or a name. */
export type IdKind = 'numbers' | 'names';

export const MAX_LINE_LENGTH = 1_000;
/** The username is `n` and the id, and has at most 32 characters. */
const MAX_ID_LENGTH = 31;
const MAX_USERNAME_LENGTH = 32;

/** Numbers, in every notation of theirs; dates and times of day (ISO 8601); `{…}`, as networkx writes what it knows. */
const IGNORED = [
  /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i,
  /^\d{4}-\d{2}(-\d{2})?([T_]\S*)?$/,
  /^\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|UTC|GMT|[-+]\d{2}:?\d{2})?$/i,
  /^(nan|inf|infinity|null|na|utc|gmt|z)$/i,
];

/** The first line of a table that names its columns; its words are nobody's names. */
const HEADS =
  /^(source|src|from|follower|user(_?1|_?id)?|node_?1|id_?1)\W+(target|tgt|dst|to|followee|user_?2|friend(_?id)?|node_?2|id_?2)\b/i;

/**
 * What one line of an edge list says: two ids, and weights or time stamps behind them. undefined: nothing (empty, or a `#` or
 * `%` comment). `line` counts from 1.
 */
export function parseEdgeListLine(text: string, line: number, ids: IdKind = 'numbers'): EdgeListLine | undefined {
  const bad = (reason: string): EdgeListLine => ({ kind: 'bad', line, reason });
  if (text.length > MAX_LINE_LENGTH) return bad(`is longer than ${MAX_LINE_LENGTH} characters`);
  const trimmed = text.trim();
  if (trimmed === '' || /^[#%]/.test(trimmed)) return undefined;
  if (ids === 'names' && line === 1 && HEADS.test(trimmed)) return undefined;
  const [a, b, ...further] = fieldsOf(trimmed, ids);
  if (a === undefined || b === undefined) return bad('has 1 field and not two ids');
  for (const id of [a, b]) {
    const wrong = ids === 'names' ? whyNoName(id) : whyNoNumber(id);
    if (wrong !== undefined) return bad(wrong);
  }
  const other = further.join(' ');
  const strange = /^\{.*\}$/.test(other)
    ? undefined
    : further.find((field) => !IGNORED.some((known) => known.test(field)));
  if (strange !== undefined) {
    const count = further.length + 2;
    return bad(`has ${count} fields: "${shortened(strange)}" is neither an id's, nor a weight or a time stamp`);
  }
  if (usernameOf(a, ids) === usernameOf(b, ids)) return bad(`binds ${a} to itself`);
  return { kind: 'edge', line, a, b, ...(other !== '' && { further: shortened(other) }) };
}

/** A name may hold spaces where something else parts the fields. */
function fieldsOf(text: string, ids: IdKind): string[] {
  const between = ids === 'numbers' ? /[\s,;]+/ : /[\t;,]/.test(text) ? /\s*[\t;,]\s*/ : /\s+/;
  return text
    .split(between)
    .map(unquoted)
    .filter((field) => field !== '');
}

const unquoted = (field: string) => /^(["'])(.*)\1$/.exec(field)?.[2]?.trim() ?? field;
const shortened = (text: string) => text.slice(0, 40);

function whyNoNumber(id: string): string | undefined {
  if (!/^\d+$/.test(id)) return `"${shortened(id)}" is not an id (digits only; --ids names takes names)`;
  return id.length > MAX_ID_LENGTH ? `an id has more than ${MAX_ID_LENGTH} digits` : undefined;
}

function whyNoName(id: string): string | undefined {
  const username = usernameOf(id, 'names');
  if (!/^[a-z0-9_]*[a-z0-9][a-z0-9_]*$/.test(username)) {
    return `"${shortened(id)}" makes no username: it may hold the letters A–Z, digits and - . _ @ and spaces`;
  }
  return username.length > MAX_USERNAME_LENGTH ? `a name has more than ${MAX_USERNAME_LENGTH} characters` : undefined;
}

/** Of whom an id is: `n7` of a number; a name in lower case, without accents, with `_` for what stands between words. */
export function usernameOf(id: string, ids: IdKind): string {
  if (ids === 'numbers') return `n${id}`;
  return id
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[-.@ ]+/g, '_');
}
