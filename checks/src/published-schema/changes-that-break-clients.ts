import { CriticalityLevel, diff } from '@graphql-inspector/core';
import type { GraphQLSchema } from 'graphql';

/**
 * The schema changes that break existing clients (graphql-inspector's BREAKING), and what may (DANGEROUS: a new enum
 * value, another default), each in a sentence. An optional argument or a description is neither.
 */
export async function changesThatBreakClients(published: GraphQLSchema, actual: GraphQLSchema): Promise<string[]> {
  const changes = await diff(published, actual);
  return changes
    .filter(({ type, criticality: { level } }) => level === CriticalityLevel.Breaking || isDangerous(type, level))
    .map(({ message }) => message);
}

/** graphql-inspector counts what every client survives among the dangers: an optional argument, or an optional input. */
function isDangerous(type: string, level: CriticalityLevel): boolean {
  return level === CriticalityLevel.Dangerous && !['FIELD_ARGUMENT_ADDED', 'INPUT_FIELD_ADDED'].includes(type);
}
