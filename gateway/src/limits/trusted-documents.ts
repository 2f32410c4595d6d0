import { readFile } from 'node:fs/promises';
import { usePersistedOperations } from '@graphql-yoga/plugin-persisted-operations';
import { ConfigError } from '@kith/service-kit';
import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { z } from 'zod';

/** `only`: nothing but documents of the manifest. `prefer`: those by their id, others as they come. */
export type TrustedDocumentsMode = 'only' | 'prefer' | 'off';

/** What of an operation says which document is meant. */
interface AskedDocument {
  readonly query?: unknown;
  readonly documentId?: unknown;
  readonly extensions?: unknown;
}

export interface TrustedDocuments {
  /** For HTTP. */
  readonly plugins: Plugin[];
  /** Whether a body without a `query` may be an operation. */
  names(asked: object): boolean;
  /** For WebSocket: the document's text. Throws GraphQLError PERSISTED_QUERY_NOT_FOUND or FORBIDDEN. */
  textOf(asked: AskedDocument): string;
}

const NOT_FOUND = {
  message: 'No such document: send its text, or build the client anew.',
  code: 'PERSISTED_QUERY_NOT_FOUND',
};
const ONLY = { message: 'Only the documents of our own clients are answered here.', code: 'FORBIDDEN' };

const manifestSchema = z.record(z.string().min(1), z.string().min(1));

/**
 * Documents by their id, from a manifest that the client's build wrote: `{ "<sha256 of the text>": "<text>" }`. An id
 * comes as `documentId` (GraphQL over HTTP, appendix "Persisted Documents") or as Apollo's
 * `extensions.persistedQuery.sha256Hash`. ConfigError naming TRUSTED_DOCUMENTS_FILE when it cannot be used.
 */
export async function readTrustedDocuments(mode: TrustedDocumentsMode, file?: string): Promise<TrustedDocuments> {
  if (mode === 'off') return { plugins: [], names: () => false, textOf: ({ query }) => String(query) };
  const documents = await readManifest(file);
  return {
    names: (asked) => idIn(asked) !== undefined,
    plugins: [
      usePersistedOperations({
        getPersistedOperation: (id) => documents.get(id) ?? null,
        extractPersistedOperationId: (asked) => idIn(asked) ?? null,
        allowArbitraryOperations: mode === 'prefer',
        customErrors: {
          notFound: asGraphql(NOT_FOUND, 400),
          keyNotFound: asGraphql(ONLY, 403),
          persistedQueryOnly: asGraphql(ONLY, 403),
        },
      }),
    ],
    textOf(asked) {
      const id = idIn(asked);
      if (id === undefined && mode === 'prefer') return String(asked.query);
      const text = id === undefined ? undefined : documents.get(id);
      if (text !== undefined) return text;
      const { message, code } = id === undefined ? ONLY : NOT_FOUND;
      throw new GraphQLError(message, { extensions: { code } });
    },
  };
}

function asGraphql({ message, code }: { message: string; code: string }, status: number) {
  return { message, extensions: { code, http: { status } } };
}

async function readManifest(file: string | undefined): Promise<Map<string, string>> {
  if (file === undefined)
    throw new ConfigError('TRUSTED_DOCUMENTS_FILE', 'is required unless TRUSTED_DOCUMENTS is off');
  try {
    return new Map(Object.entries(manifestSchema.parse(JSON.parse(await readFile(file, 'utf8')))));
  } catch (error) {
    throw new ConfigError('TRUSTED_DOCUMENTS_FILE', `cannot be used: ${(error as Error).message}`);
  }
}

function idIn(asked: AskedDocument): string | undefined {
  if (typeof asked.documentId === 'string') return asked.documentId;
  const { persistedQuery } = (asked.extensions ?? {}) as { persistedQuery?: { sha256Hash?: unknown } };
  return typeof persistedQuery?.sha256Hash === 'string' ? persistedQuery.sha256Hash : undefined;
}
