import { friendSubgraphSdl } from './graphql/friend-subgraph.ts';

process.stdout.write(`${await friendSubgraphSdl()}\n`);
