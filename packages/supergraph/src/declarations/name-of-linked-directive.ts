import { type DocumentNode, Kind } from 'graphql';
import { argumentsOf } from './read-supergraph-graphs.ts';

/**
 * What a linked directive is called in a supergraph (https://specs.apollo.dev/link/v1.0): its own name, or the one that it
 * is imported as; undefined when nothing links its specification.
 */
export function nameOfLinked(supergraph: DocumentNode, specification: string, directive: string): string | undefined {
  for (const definition of supergraph.definitions) {
    if (definition.kind !== Kind.SCHEMA_DEFINITION && definition.kind !== Kind.SCHEMA_EXTENSION) continue;
    for (const { url, import: imports } of argumentsOf(definition, 'link')) {
      if (url === specification) return importedAs(imports, directive);
    }
  }
  return undefined;
}

function importedAs(imports: unknown, directive: string): string {
  for (const each of Array.isArray(imports) ? imports : []) {
    if (each === `@${directive}`) return directive;
    if (each?.name === `@${directive}`) return String(each.as ?? each.name).slice(1);
  }
  // What is not imported is under the name of its specification, which is the same word.
  return directive;
}
