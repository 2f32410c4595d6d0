import gatewayPlugin from '@mercuriusjs/gateway';
import Fastify from 'fastify';

const { services, headers, port } = JSON.parse(process.argv[2]);

const app = Fastify({ logger: false });
app.register(gatewayPlugin, {
  jit: 1,
  gateway: {
    services: services.map(({ name, url, federation1 }) => ({
      name,
      url,
      schema: federation1,
      connections: 64,
      rewriteHeaders: (given) => ({ ...headers, authorization: given?.authorization }),
    })),
  },
});
await app.listen({ port, host: '127.0.0.1' });
