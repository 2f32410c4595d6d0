import { userSubgraphSdl } from './graphql/user-subgraph.ts';

process.stdout.write(`${await userSubgraphSdl()}\n`);
