import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Short files that take long. By its size such a file would be the last, and all would wait for it alone. */
const LONG = [
  'packages/event-delivery/src/testing/faults/faults.int.test.ts',
  'packages/event-delivery/src/jetstream/jetstream-broker.int.test.ts',
  'e2e/resilience/hunt-a-cluster.cluster.test.ts',
  'e2e/flows/import-a-real-graph.e2e.test.ts',
  'e2e/adoption/adopt-event-delivery.e2e.test.ts',
  'local/src/start/start-everything.e2e.test.ts',
  'e2e/clients/web.e2e.test.ts',
  'e2e/flows/operator-commands-where-nothing-is.e2e.test.ts',
  'e2e/clients/web-second-thoughts.e2e.test.ts',
  'local/src/cluster/start-a-cluster.cluster.test.ts',
  'local/src/cluster/fail-over-postgres.int.test.ts',
];

const isLong = ({ moduleId }: TestSpecification) => LONG.some((file) => moduleId.endsWith(`/${file}`));
const tierOf = ({ project }: TestSpecification) => project.config.sequence.groupOrder;

/** vitest's order of files (what took long last time, or else large files, first), but long ones first in each tier. */
export class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => tierOf(a) - tierOf(b) || Number(isLong(b)) - Number(isLong(a)));
  }
}
