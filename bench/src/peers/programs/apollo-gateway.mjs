import { createServer } from 'node:http';
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { ApolloServer, HeaderMap } from '@apollo/server';

const { supergraph, services, headers, port } = JSON.parse(process.argv[2]);
const urls = Object.fromEntries(services.map(({ name, url }) => [name, url]));

class KithsService extends RemoteGraphQLDataSource {
  willSendRequest({ request, context }) {
    for (const [name, value] of Object.entries(headers)) request.http.headers.set(name, value);
    if (context.authorization) request.http.headers.set('authorization', context.authorization);
  }
}

const gateway = new ApolloGateway({
  supergraphSdl: supergraph,
  buildService: ({ name }) => new KithsService({ url: urls[name.toLowerCase()] }),
});
const server = new ApolloServer({ gateway, csrfPrevention: false, logger: quiet() });
await server.start();

createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', async () => {
    const given = new HeaderMap();
    for (const [name, value] of Object.entries(request.headers)) given.set(name, String(value));
    const body = JSON.parse(Buffer.concat(parts).toString());
    const answer = await server.executeHTTPGraphQLRequest({
      httpGraphQLRequest: { method: 'POST', headers: given, search: '', body },
      context: async () => ({ authorization: request.headers.authorization }),
    });
    response.writeHead(answer.status ?? 200, Object.fromEntries(answer.headers));
    response.end(answer.body.string);
  });
}).listen(port, '127.0.0.1');

function quiet() {
  return { debug() {}, info() {}, warn() {}, error: console.error };
}
