import { printSubgraph } from '@kith/service-kit';
import { userSubgraph } from './graphql/user-subgraph.ts';

process.stdout.write(`${await printSubgraph(userSubgraph)}\n`);
