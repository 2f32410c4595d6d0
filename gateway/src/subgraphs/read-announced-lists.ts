import { present } from '@kith/service-kit';
import { type LiveList, readLiveLists } from '@kith/supergraph';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { DocumentNode } from 'graphql';
import { readAnnounced } from './declare-live-subgraphs.ts';
import { printChangeSelection, schemasOfChange } from './print-change-selection.ts';

/** A live list, with what the schema says of its changes. */
export interface AnnouncedList extends LiveList {
  /** All that an announced change holds, as a selection of the type that the subscription answers. */
  readonly changeSelection: string;
  /** Whether it is a change as the schema has it: compiled, since it is asked for each announcement. */
  isChange(value: { readonly __typename: string }): boolean;
}

function checkByType(checks: ReadonlyMap<string, (value: unknown) => unknown>): AnnouncedList['isChange'] {
  return (value) => checks.get(value.__typename)?.(value) === true;
}

/** By the field of Subscription that each is. */
export function announcedLists(supergraph: DocumentNode): Map<string, AnnouncedList> {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const lists = readLiveLists(supergraph).map((list): AnnouncedList => {
    const announced = present(readAnnounced(supergraph, list.graph), 'a live list is a field of Subscription');
    const field = present(
      announced.subscription.fields?.find(({ name }) => name.value === list.field),
      'a live list is a field of Subscription',
    );
    return {
      ...list,
      changeSelection: printChangeSelection(field, announced),
      isChange: checkByType(
        new Map([...schemasOfChange(field, announced)].map(([name, schema]) => [name, ajv.compile(schema)])),
      ),
    };
  });
  return new Map(lists.map((list) => [list.field, list]));
}
