import { JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import { TimeoutError } from 'nats';
import { expect, test, vi } from 'vitest';
import { collectLog } from '../contract-tests/collect-log.ts';
import { comparesSettings } from './apply-settings.ts';

vi.mock('node:timers/promises', () => ({ setTimeout: async () => undefined }));

const STREAM = { name: 'S', subjects: ['s.>'] };
const DIFFERENCES = [
  { stream: 'S', setting: 'replicas', is: 1, configured: 3 },
  { stream: 'S', durable: 'd', setting: 'replicas', is: 1, configured: 3 },
];

/** A cluster that answers each request only after so many errors. */
function clusterWithErrors(errorsOf: () => Error[]) {
  const said: string[] = [];
  const answers = (name: string, answer: unknown) => {
    const errors = errorsOf();
    return async () => {
      const error = errors.shift();
      if (error) throw error;
      said.push(name);
      return answer;
    };
  };
  const jsm = {
    streams: {
      info: answers('stream info', { cluster: { name: 'c' }, config: { ...STREAM, num_replicas: 1 } }),
      update: answers('stream update', {}),
    },
    consumers: {
      info: answers('durable info', { config: { num_replicas: 1 } }),
      update: answers('durable update', {}),
    },
  } as unknown as JetStreamManager;
  const compared = comparesSettings(jsm, {
    log: collectLog(),
    settings: { replicas: 3 },
    streams: () => [STREAM],
    durables: () => [{ stream: STREAM, durable: 'd', maxUnacked: 1, onDelivery: () => undefined }],
  });
  return { ...compared, said };
}

const noLeader = () => new JetStreamApiError({ code: 503, err_code: 10008, description: 'no leader' });

test('a cluster that elects a leader after each change is waited for', async () => {
  const { applySettings, differentSettings } = clusterWithErrors(() => [new TimeoutError(), noLeader()]);
  expect(await differentSettings()).toEqual(DIFFERENCES);
  expect(await applySettings()).toEqual(DIFFERENCES.map((each) => ({ ...each, outcome: 'applied' })));
});

test('one that stays silent is not waited for without end', async () => {
  const silent = clusterWithErrors(() => Array.from({ length: 50 }, noLeader));
  await expect(silent.differentSettings()).rejects.toThrow('no leader');
});

test('a refusal is told at once', async () => {
  const refusal = new JetStreamApiError({ code: 400, err_code: 10052, description: 'too many replicas' });
  let asked = 0;
  // The third of the four requests, and the fourth: the changes.
  const { applySettings, said } = clusterWithErrors(() => (++asked % 2 === 0 ? [refusal] : []));
  expect(await applySettings()).toEqual(
    DIFFERENCES.map((each) => ({ ...each, outcome: 'refused', why: 'too many replicas' })),
  );
  expect(said).toEqual(['stream info', 'durable info']);
});
