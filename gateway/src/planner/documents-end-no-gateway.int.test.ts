import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { eventually } from '@kith/local-servers';
import { describe, expect, test } from 'vitest';
import { connectLiveClient } from '../testing/live-client.ts';
import { withTestGateway } from '../testing/with-test-gateway.ts';

// The planner's process, with a fault for each alias that asks for one.
const WITH_FAULTS = fileURLToPath(new URL('./testing/planner-with-faults.ts', import.meta.url));

const HOSTILE = Number(process.env.HOSTILE_DOCUMENTS ?? 30);

const { around, gateway } = await withTestGateway({
  plannerProgram: WITH_FAULTS,
  // Each of these names is a client of its own.
  env: { TRUSTED_PROXIES: 'loopback' },
});

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly { message: string; extensions: { code: string } }[];
}

async function ask(query: string, { address = '203.0.113.1', token }: { address?: string; token?: string } = {}) {
  const response = await fetch(gateway.graphql, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-forwarded-for': address,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as Answer;
}
const codesOf = ({ errors = [] }: Answer) => errors.map(({ extensions }) => extensions.code);

let asked = 0;
/** Nobody has sent it before. */
const fresh = (alias: string) => {
  asked += 1;
  return `{ user(id: "ada") { ${alias}${asked}: username } }`;
};

async function metric(line: string): Promise<number> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  return Number(
    text
      .split('\n')
      .find((each) => each.startsWith(`${line} `))
      ?.split(' ')[1] ?? 0,
  );
}
const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
const linesOf = (query: string) =>
  gateway.logged
    .map((line) => JSON.parse(line))
    .filter(({ document }) => document === createHash('sha256').update(query).digest('hex'));

describe.each([
  ['aborts', ['crash']],
  ['overflows', ['crash']],
  ['exits', ['crash']],
  ['isKilled', ['killed']],
  // On a machine that is very busy, there is not even the time to take too much.
  ['loops', ['time', 'late']],
  ['eats', ['memory', 'time', 'late']],
])('a document by which the planner %s', (alias, reasons) => {
  test('is refused, counted and told once, while sockets and operations go on', async () => {
    const owner = randomUUID();
    const client = connectLiveClient(gateway.graphql, { authorization: `Bearer ${await around.tokenOf(owner)}` });
    const list = client.watch({ after: `${owner}:0` });
    around.commit(owner, 'before');
    await eventually('the list', () => list.revisions.length === 1);
    const counted = () => Promise.all(reasons.map((reason) => metric(`kith_plans_refused_total{reason="${reason}"}`)));
    const before = sum(await counted());

    const document = fresh(alias);
    const [answer, ...others] = await Promise.all([
      ask(document, { address: '203.0.113.66' }),
      ...Array.from({ length: 8 }, () => ask(fresh('other'))),
    ]);
    expect(others.flatMap(codesOf)).toEqual([]);
    // On a machine that is late it is asked once more.
    if (!codesOf(answer!).includes('SERVICE_UNAVAILABLE')) expect(codesOf(answer!)).toEqual(['BAD_USER_INPUT']);
    const asksAgain = () => ask(document, { address: '203.0.113.66' });
    await eventually('the refusal', async () => codesOf(await asksAgain()).includes('BAD_USER_INPUT'));

    const endsBefore = await metric('kith_planner_ends_total');
    const again = await Promise.all(Array.from({ length: 5 }, () => ask(document)));
    expect(again.map(codesOf)).toEqual(Array.from({ length: 5 }, () => ['BAD_USER_INPUT']));
    // Nothing is asked of the planner for it.
    expect(await metric('kith_planner_ends_total')).toBe(endsBefore);
    expect(sum(await counted())).toBe(before + 1);
    expect(linesOf(document).map(({ reason, msg }) => [reasons.includes(reason), msg])).toEqual([
      [true, 'a document cannot be planned: it is refused from now on'],
    ]);

    around.commit(owner, 'after');
    await eventually('the change after it', () => list.revisions.length === 2);
    expect([...client.closes, ...list.errors]).toEqual([]);
    await client.stop();
  });
});

test('a document under which the planner does not answer at all is refused too, and others do not wait for it', async () => {
  const hanging = fresh('hangs');
  const answer = ask(hanging, { address: '203.0.113.77' });
  expect(codesOf(await ask(fresh('other')))).toEqual([]);
  // This machine may have been late, and not the document: then it is asked once more.
  expect(codesOf(await answer)).toEqual(['SERVICE_UNAVAILABLE']);
  const again = () => ask(hanging, { address: '203.0.113.77' });
  await eventually('the refusal', async () => codesOf(await again()).includes('BAD_USER_INPUT'));
  expect(linesOf(hanging).map(({ reason }) => reason)).toEqual(['late']);
});

test('a document is not refused because the one before it has spoilt the process: it is planned in another', async () => {
  const refusedBefore = await metric('kith_plans_refused_total{reason="crash"}');
  const endsBefore = await metric('kith_planner_ends_total');
  const victim = { address: '203.0.113.88' };
  // There are several processes: whoever comes next need not have the one that is spoilt.
  while ((await metric('kith_planner_ends_total')) < endsBefore + 3) {
    await ask(fresh('poisons'), { address: '203.0.113.87' });
    const documents = [fresh('other'), fresh('other'), fresh('other')];
    expect((await Promise.all(documents.map((each) => ask(each, victim)))).flatMap(codesOf)).toEqual([]);
  }
  expect(await metric('kith_plans_refused_total{reason="crash"}')).toBe(refusedBefore);
});

test('over WebSocket it is an error of the operation, not the end of the socket', async () => {
  const client = connectLiveClient(gateway.graphql);
  const query = fresh('aborts');
  const refused = client.watch({ query });
  await eventually('the refusal', () => refused.ended);
  expect(refused.errors.map(({ extensions }) => extensions?.code)).toEqual(['BAD_USER_INPUT']);
  // The client leaves when nothing is left to wait for.
  expect(client.closes.filter(({ code }) => code !== 1000)).toEqual([]);
  await client.stop();
});

test('many of them, each another one, cost no other client an error', async () => {
  const owner = randomUUID();
  const client = connectLiveClient(gateway.graphql, { authorization: `Bearer ${await around.tokenOf(owner)}` });
  const list = client.watch({ after: `${owner}:0` });
  let isOver = false;
  const hostile = (async () => {
    const codes = new Set<string>();
    for (let each = 0; each < HOSTILE; each += 1) {
      const answer = await ask(fresh('aborts'), { address: `198.51.100.${each % 50}` });
      for (const code of codesOf(answer)) codes.add(code);
    }
    isOver = true;
    return codes;
  })();
  const failures: unknown[] = [];
  let answered = 0;
  while (!isOver) {
    await wait(20);
    const [known, unseen] = await Promise.all([ask('{ user(id: "bob") { username } }'), ask(fresh('other'))]);
    failures.push(...(known.errors ?? []), ...(unseen.errors ?? []));
    answered += 2;
    around.commit(owner, `change ${answered}`);
  }
  expect([...(await hostile)]).toEqual(['BAD_USER_INPUT']);
  expect(failures).toEqual([]);
  expect(answered).toBeGreaterThan(10);
  await eventually('all changes', () => list.revisions.at(-1) === answered / 2);
  expect([...client.closes, ...list.errors]).toEqual([]);
  await client.stop();
});
