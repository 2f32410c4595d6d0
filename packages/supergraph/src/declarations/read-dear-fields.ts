import { BULKHEAD_DIRECTIVE, BULKHEAD_SPECIFICATION } from '@kith/event-contracts';
import { type DocumentNode, Kind } from 'graphql';
import { nameOfLinked } from './name-of-linked-directive.ts';
import { argumentsOf } from './read-supergraph-graphs.ts';

/** The fields that a supergraph declares as dear (`@bulkhead`), as `Type.field`. */
export function readDearFields(supergraph: DocumentNode): ReadonlySet<string> {
  const name = nameOfBulkhead(supergraph);
  if (name === undefined) return new Set();
  return new Set(
    supergraph.definitions.flatMap((definition) => {
      if (!('fields' in definition) || definition.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION) return [];
      const dear = (definition.fields ?? []).filter((field) => argumentsOf(field, name).length > 0);
      return dear.map((field) => `${definition.name.value}.${field.name.value}`);
    }),
  );
}

/** What the directive is called there; undefined when nothing links its specification. */
export function nameOfBulkhead(supergraph: DocumentNode): string | undefined {
  return nameOfLinked(supergraph, BULKHEAD_SPECIFICATION, BULKHEAD_DIRECTIVE);
}
