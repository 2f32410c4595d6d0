import { printSubgraph } from '@kith/service-kit';
import { circlesSubgraph } from './graphql/circles-subgraph.ts';

// Limits are no part of the schema.
process.stdout.write(`${await printSubgraph(circlesSubgraph({ membersPerCircle: 1, circlesPerPerson: 1 }))}\n`);
