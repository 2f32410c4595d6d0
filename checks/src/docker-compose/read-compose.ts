import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@kith/local';
import { type CollectionTag, parse, Scalar, type YAMLSeq } from 'yaml';

export type ComposeService = {
  image: string;
  command?: string[];
  entrypoint?: string[];
  environment?: Record<string, string | number>;
  healthcheck?: { test: string[]; retries: number };
  ports?: string[];
  expose?: string[];
  volumes?: string[];
  configs?: { source: string; target: string }[];
  depends_on?: Record<string, { condition: string }>;
  extends?: { file: string; service: string };
};

export type ComposeFile = {
  services: Record<string, ComposeService>;
  configs: Record<string, { content: string }>;
  volumes: Record<string, null>;
};

const OVERRIDE = '!override';

/** A list that replaces the one before it, where others are added to it: its first item says so. */
const override: CollectionTag = {
  tag: OVERRIDE,
  collection: 'seq',
  resolve(list) {
    (list as YAMLSeq).items.unshift(new Scalar(OVERRIDE));
    return list;
  },
};

/**
 * One file over the other as docker compose lays them: maps are merged, lists added to, commands replaced.
 * https://docs.docker.com/reference/compose-file/merge/
 */
export function readCompose(...files: readonly string[]): ComposeFile {
  const read = (file: string) =>
    parse(readFileSync(join(workspaceRoot, file), 'utf8'), { merge: true, customTags: [override] }) as ComposeFile;
  const [first, ...others] = files.map(read) as [ComposeFile, ...ComposeFile[]];
  return others.reduce((below, file) => merge(below, { ...file, services: extended(file, read) }), first);
}

function extended({ services }: ComposeFile, read: (file: string) => ComposeFile): ComposeFile['services'] {
  const whole = Object.entries(services).map(([name, { extends: from, ...own }]) => {
    const base = from && read(from.file).services[from.service];
    if (from && !base) throw new Error(`${from.file} has no service ${from.service}`);
    return [name, base ? merge(base, own) : own];
  });
  return Object.fromEntries(whole) as ComposeFile['services'];
}

const REPLACED = new Set(['command', 'entrypoint', 'test']);

function merge<Value>(below: Value, above: unknown, key = ''): Value {
  if (Array.isArray(below) && Array.isArray(above)) {
    if (above[0] === OVERRIDE) return above.slice(1) as Value;
    return (REPLACED.has(key) ? above : [...below, ...above]) as Value;
  }
  if (!isMap(below) || !isMap(above)) return above as Value;
  const merged: Record<string, unknown> = { ...below };
  for (const [each, value] of Object.entries(above))
    merged[each] = each in merged ? merge(merged[each], value, each) : value;
  return merged as Value;
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
