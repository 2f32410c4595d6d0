import { printSubgraph } from '@kith/service-kit';
import { friendSubgraph } from './graphql/friend-subgraph.ts';

process.stdout.write(`${await printSubgraph(friendSubgraph)}\n`);
