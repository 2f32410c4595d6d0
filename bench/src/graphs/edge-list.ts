import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { growGraph } from './grow-graph.ts';

const BESIDE_THE_CHECKOUT = fileURLToPath(new URL('../../../../shared/data/ego-facebook.txt.gz', import.meta.url));
const GROWN = { people: 4_039, friendsEach: 22, seed: 1 };

export interface EdgeList {
  readonly name: string;
  readonly file: string;
  readonly edges: readonly (readonly [string, string])[];
}

/**
 * The graph to import: SNAP's ego-Facebook (https://snap.stanford.edu/data/ego-Facebook.html) where the variable
 * KITH_EGO_FACEBOOK says, or beside the checkout; else one of the same size, grown, the same each time.
 */
export async function findEdgeList(folder: string): Promise<EdgeList> {
  const given = [process.env.KITH_EGO_FACEBOOK, BESIDE_THE_CHECKOUT].find((file) => file && existsSync(file));
  if (given !== undefined) return { name: 'ego-Facebook', file: given, edges: await readEdges(given) };
  const edges = growGraph(GROWN).map(([a, b]) => [String(a), String(b)] as const);
  const file = join(folder, 'grown-graph.txt');
  await writeFile(file, `${edges.map((edge) => edge.join(' ')).join('\n')}\n`);
  return { name: 'a grown scale-free graph', file, edges };
}

async function readEdges(file: string): Promise<[string, string][]> {
  const bytes = await readFile(file);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return text
    .split('\n')
    .filter((line) => /^\d/.test(line))
    .map((line) => line.trim().split(/\s+/) as [string, string]);
}
