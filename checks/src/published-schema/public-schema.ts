import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { printSubgraphs, workspaceRoot } from '@kith/local';
import { composeSubgraphs, publicSchemaOf } from '@kith/supergraph/compose';
import { buildSchema, type GraphQLSchema, printSchema } from 'graphql';

export const PUBLISHED_FILE = join(workspaceRoot, 'docs', 'api.graphql');

/** Where the contract is more than a schema can say, in the file's own comments: before the schema, and behind it. */
const PREFACE_ENDS_BEFORE = /^(?!#)/m;
const REST_BEGINS = '\n# Errors: ';

/** What the gateway shows to clients, composed of what the services print. */
export async function composePublicSchema(): Promise<GraphQLSchema> {
  return publicSchemaOf(composeSubgraphs(await printSubgraphs()));
}

export async function readPublished(): Promise<{ text: string; schema: GraphQLSchema }> {
  const text = await readFile(PUBLISHED_FILE, 'utf8');
  return { text, schema: buildSchema(text) };
}

/** The text of docs/api.graphql for a schema: that schema, between the comments that the file has. */
export function printPublished(schema: GraphQLSchema, before: string): string {
  const preface = before.slice(0, PREFACE_ENDS_BEFORE.exec(before)?.index ?? 0);
  const restAt = before.indexOf(REST_BEGINS);
  const rest = restAt < 0 ? '' : before.slice(restAt);
  return `${preface}\n${printSchema(schema)}\n${rest.trim() === '' ? '' : rest}`;
}
