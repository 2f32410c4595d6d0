import { createServer } from 'node:http';
import { createGatewayRuntime } from '@graphql-hive/gateway-runtime';
import { unifiedGraphHandler } from '@graphql-hive/router-runtime';

const { supergraph, services, headers, port } = JSON.parse(process.argv[2]);
const urls = Object.fromEntries(services.map(({ name, url }) => [name, url]));

const runtime = createGatewayRuntime({
  supergraph,
  unifiedGraphHandler,
  logging: false,
  landingPage: false,
  graphiql: false,
  propagateHeaders: {
    fromClientToSubgraphs: ({ request }) => ({ ...headers, authorization: request.headers.get('authorization') }),
  },
  transportEntries: Object.fromEntries(services.map(({ name }) => [name, { location: urls[name] }])),
});
createServer(runtime).listen(port, '127.0.0.1');
