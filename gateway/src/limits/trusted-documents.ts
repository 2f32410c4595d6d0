import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { usePersistedOperations } from '@graphql-yoga/plugin-persisted-operations';
import { ConfigError } from '@kith/service-kit';
import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { z } from 'zod';

/** `only`: nothing but documents of the manifests. `prefer`: those by their id, others as they come. */
export type TrustedDocumentsMode = 'only' | 'prefer' | 'off';

/** The parts of an operation that say which document is meant. */
interface AskedDocument {
  readonly query?: unknown;
  readonly documentId?: unknown;
  readonly extensions?: unknown;
}

export interface TrustedDocuments {
  /** For HTTP. */
  readonly plugins: Plugin[];
  /** Of every document that is trusted. */
  readonly texts: readonly string[];
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

/** Where the web client's build lays the documents that its page sends, in the folder that is served. */
const OF_WEB_CLIENT = '.vite/trusted-documents.json';

/**
 * The documents that are trusted, from manifests that a client's build wrote: `{ "<id, the SHA-256 of the text>":
 * "<text>" }`. Those of the web client, where it is served, and those of `file`. An id comes as `documentId` (GraphQL
 * over HTTP, appendix "Persisted Documents") or as Apollo's `extensions.persistedQuery.sha256Hash`; the text itself,
 * word for word, is as good as its id, so that a client has to know of neither. ConfigError naming
 * TRUSTED_DOCUMENTS_FILE when there is no manifest, or one cannot be used.
 */
export async function readTrustedDocuments(
  mode: TrustedDocumentsMode,
  { file, webFolder }: { file?: string | undefined; webFolder?: string | undefined },
): Promise<TrustedDocuments> {
  if (mode === 'off') return { plugins: [], texts: [], names: () => false, textOf: ({ query }) => String(query) };
  const documents = await readManifests(file, webFolder);
  const texts: ReadonlySet<unknown> = new Set(documents.values());
  const isAnswered = (text: unknown) => mode === 'prefer' || texts.has(text);
  return {
    texts: [...documents.values()],
    names: (asked) => idIn(asked) !== undefined,
    plugins: [
      {
        onParams({ params }) {
          if (params.query && !isAnswered(params.query)) throw refusal(ONLY, 403);
        },
      },
      usePersistedOperations({
        getPersistedOperation: (id) => documents.get(id) ?? null,
        extractPersistedOperationId: (asked) => idIn(asked) ?? null,
        // Which texts are answered is decided above.
        allowArbitraryOperations: true,
        customErrors: { notFound: () => refusal(NOT_FOUND, 400), keyNotFound: () => refusal(ONLY, 403) },
      }),
    ],
    textOf(asked) {
      if (asked.query) {
        if (!isAnswered(asked.query)) throw refusal(ONLY, 403);
        return String(asked.query);
      }
      const id = idIn(asked);
      if (id === undefined) throw refusal(ONLY, 403);
      const text = documents.get(id);
      if (text === undefined) throw refusal(NOT_FOUND, 400);
      return text;
    },
  };
}

function refusal({ message, code }: { message: string; code: string }, status: number): GraphQLError {
  return new GraphQLError(message, { extensions: { code, http: { status } } });
}

async function readManifests(
  file: string | undefined,
  webFolder: string | undefined,
): Promise<ReadonlyMap<string, string>> {
  const ofWebClient = webFolder === undefined ? undefined : await readIfThere(join(webFolder, OF_WEB_CLIENT));
  if (file === undefined && ofWebClient === undefined)
    throw new ConfigError(
      'TRUSTED_DOCUMENTS_FILE',
      'is required unless TRUSTED_DOCUMENTS is off or the web client is served',
    );
  try {
    const manifests = [ofWebClient, file === undefined ? undefined : await readFile(file, 'utf8')];
    return new Map(
      manifests.flatMap((text) => (text === undefined ? [] : Object.entries(manifestSchema.parse(JSON.parse(text))))),
    );
  } catch (error) {
    throw new ConfigError('TRUSTED_DOCUMENTS_FILE', `cannot be used: ${(error as Error).message}`);
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function idIn(asked: AskedDocument): string | undefined {
  if (typeof asked.documentId === 'string') return asked.documentId;
  const { persistedQuery } = (asked.extensions ?? {}) as { persistedQuery?: { sha256Hash?: unknown } };
  return typeof persistedQuery?.sha256Hash === 'string' ? persistedQuery.sha256Hash : undefined;
}
