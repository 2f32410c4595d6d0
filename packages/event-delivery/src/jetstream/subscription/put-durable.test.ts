import type { ConsumerConfig, JetStreamManager } from '@nats-io/jetstream';
import { expect, test } from 'vitest';
import { putDurable } from './put-durable.ts';

/** What servers from 2.10 on do: a create that differs from what is there is refused. */
function serverFrom210(existing?: Partial<ConsumerConfig>) {
  let config = existing;
  const said: string[] = [];
  const consumers = {
    info: async () => {
      if (!config) throw await missing();
      return { config };
    },
    add: async (_stream: string, wanted: Partial<ConsumerConfig>) => {
      said.push('add');
      if (config && config.max_ack_pending !== wanted.max_ack_pending) throw new Error('consumer already exists');
      config = { ...wanted };
    },
    update: async (_stream: string, _durable: string, changes: Partial<ConsumerConfig>) => {
      said.push('update');
      config = { ...config, ...changes };
    },
  };
  return {
    jsm: { consumers } as unknown as JetStreamManager,
    said,
    config: () => config,
    appears: (other: Partial<ConsumerConfig>) => {
      config = other;
    },
  };
}

async function missing(): Promise<Error> {
  const { JetStreamApiError } = await import('@nats-io/jetstream');
  return new JetStreamApiError({ code: 404, err_code: 10014, description: 'consumer not found' });
}

const wanted = { durable_name: 'd', ack_policy: 'explicit', max_ack_pending: 5 } as const;

test('a durable that is not there is created', async () => {
  const server = serverFrom210();
  await putDurable(server.jsm, 'S', wanted);
  expect(server.said).toEqual(['add']);
  expect(server.config()).toMatchObject(wanted);
});

test('one whose settings have changed is updated, not refused', async () => {
  const server = serverFrom210({ ...wanted, max_ack_pending: 3 });
  await putDurable(server.jsm, 'S', wanted);
  expect(server.said).toEqual(['update']);
  expect(server.config()).toMatchObject(wanted);
});

test('one that is as it should be is left alone', async () => {
  const server = serverFrom210({ ...wanted });
  await putDurable(server.jsm, 'S', wanted);
  expect(server.said).toEqual([]);
});

test('one that another instance creates with other settings at the same moment is updated', async () => {
  const server = serverFrom210();
  const info = server.jsm.consumers.info;
  let first = true;
  server.jsm.consumers.info = async (...where) => {
    if (!first) return info(...where);
    first = false;
    server.appears({ ...wanted, max_ack_pending: 3 });
    throw await missing();
  };
  await putDurable(server.jsm, 'S', wanted);
  expect(server.config()).toMatchObject(wanted);
});
