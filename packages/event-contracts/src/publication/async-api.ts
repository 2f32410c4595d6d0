import { fileURLToPath } from 'node:url';
import { publishedContracts } from '../events/all-contracts.ts';
import { FRIEND_STREAM, USER_STREAM } from '../events/subjects.ts';
import { readPublished } from './published-schemas.ts';
import { writeYaml } from './write-yaml.ts';

export const asyncApiFile = fileURLToPath(new URL('../../../../docs/asyncapi.yaml', import.meta.url));

const SERVICES = { [USER_STREAM.name]: 'the user service', [FRIEND_STREAM.name]: 'the friend service' };

const ENVELOPE = {
  type: 'object',
  required: ['specversion', 'id', 'source', 'type', 'subject', 'time', 'revision', 'data'],
  properties: {
    specversion: { const: '1.0' },
    id: { type: 'string', format: 'uuid', description: 'UUIDv7; the same in every delivery of the event' },
    source: { type: 'string' },
    subject: { type: 'string', description: 'The owner: whose sequence of events it belongs to' },
    time: { type: 'string', format: 'date-time' },
    datacontenttype: { const: 'application/json' },
    revision: { type: 'integer', minimum: 1, description: 'Its place in that sequence, rising by exactly 1' },
    traceparent: { type: 'string', description: 'W3C Trace Context' },
  },
};

/** AsyncAPI 3.0 (https://www.asyncapi.com/docs/reference/specification/v3.0.0): every event, in every version. */
export function writeAsyncApi(): string {
  const schemas = readPublished();
  const channels: Record<string, object> = {};
  const operations: Record<string, object> = {};
  const messages: Record<string, object> = {};
  const payloads: Record<string, object> = {};
  for (const { stream, contracts } of publishedContracts) {
    for (const contract of contracts) {
      const types = contract.versions.map((_, index) => `${contract.name}.v${index + 1}`);
      const channel = keyOf(contract.name);
      channels[channel] = {
        address: contract.subject('{owner}'),
        description: `Published by ${SERVICES[stream.name]}, kept in the stream ${stream.name}.`,
        parameters: { owner: { description: 'Whose sequence of events it belongs to' } },
        messages: Object.fromEntries(types.map((type) => [keyOf(type), reference('messages', keyOf(type))])),
      };
      operations[`publish_${channel}`] = {
        action: 'send',
        channel: { $ref: `#/channels/${channel}` },
        // Older versions are only read.
        messages: [{ $ref: `#/channels/${channel}/messages/${keyOf(contract.type)}` }],
      };
      for (const type of types) {
        messages[keyOf(type)] = {
          name: type,
          contentType: 'application/json',
          ...(type === contract.type ? {} : { deprecated: true }),
          payload: {
            allOf: [
              reference('schemas', 'CloudEvent'),
              { properties: { type: { const: type }, data: reference('schemas', keyOf(type)) } },
            ],
          },
        };
        payloads[keyOf(type)] = schemas[type] ?? {};
      }
    }
  }
  return writeYaml({
    asyncapi: '3.0.0',
    info: {
      title: 'Events of Kith',
      version: '1.0.0',
      description:
        'CloudEvents 1.0 in structured JSON mode, over NATS JetStream. Written by packages/event-contracts/src/publication/publish-contracts.ts: do not edit.',
    },
    defaultContentType: 'application/json',
    channels,
    operations,
    components: { messages, schemas: { CloudEvent: ENVELOPE, ...payloads } },
  });
}

/** Names of components may hold no more than letters, digits, dots, dashes and underscores. */
const keyOf = (type: string) => type.replaceAll(/[^\w.-]/g, '_');
const reference = (kind: 'messages' | 'schemas', name: string) => ({ $ref: `#/components/${kind}/${name}` });
