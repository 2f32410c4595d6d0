import { buildSchema, type GraphQLSchema, parse } from 'graphql';
import { expect, onTestFinished, test, vi } from 'vitest';
import { endWhatTheSchemaLacks } from './end-what-the-schema-lacks.ts';

const WHOLE = buildSchema(
  'type Query { x: Int } type Subscription { changed: Change } type Change { name: String nick: String }',
);
const LACKING = buildSchema('type Query { x: Int } type Subscription { changed: Change } type Change { name: String }');
const NAME = parse('subscription Name { changed { name } }');
const NICK = parse('subscription Nick { changed { nick } }');

function follow() {
  const logged: object[] = [];
  const operations = endWhatTheSchemaLacks({ warn: (...[said]: unknown[]) => void logged.push(said as object) });
  const begin = (document: typeof NAME, schema: GraphQLSchema = WHOLE) => {
    const why: { code: string; message: string }[] = [];
    const { stop } = operations.begin(document, schema, ({ code, message }) => void why.push({ code, message }));
    return { why, stop };
  };
  return { ...operations, begin, logged };
}

test('whoever uses what another schema lacks is ended once, with a code and the field; others go on, and the log names the operation', async () => {
  const { serve, begin, logged } = follow();
  await serve(WHOLE);
  const [one, another, other] = [begin(NICK), begin(NICK), begin(NAME)];
  await serve(LACKING);
  await serve(LACKING);
  const message = 'The schema has changed: Cannot query field "nick" on type "Change". Subscribe again without that.';
  expect([one.why, another.why, other.why]).toEqual([[{ code: 'BAD_USER_INPUT', message }], [expect.anything()], []]);
  expect(logged).toEqual([
    { documents: 1, operations: [{ operation: 'Nick', subscriptions: 2, why: expect.stringContaining('"nick"') }] },
  ]);
});

test('who was planned for the schema before is ended too, and who has left is not', async () => {
  const { serve, begin, logged } = follow();
  await serve(LACKING);
  const [late, left] = [begin(NICK), begin(NICK)];
  left.stop();
  await Promise.resolve();
  expect([late.why.length, left.why.length]).toEqual([1, 0]);
  const gone = begin(NAME);
  gone.stop();
  await serve(buildSchema('type Query { x: Int }'));
  expect([gone.why, logged]).toEqual([[], []]);
});

test('a schema that comes while documents are looked through decides in place of the one before', async () => {
  const { serve, begin } = follow();
  await serve(WHOLE);
  // Each of them takes its time.
  let now = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 1_000));
  onTestFinished(() => clock.mockRestore());
  const some = Array.from({ length: 5 }, (_, at) => begin(parse(`subscription S${at} { changed { nick } }`)));
  await Promise.all([serve(LACKING), serve(WHOLE)]);
  expect(some.flatMap(({ why }) => why)).toEqual([]);
  await serve(LACKING);
  expect(some.every(({ why }) => why.length === 1)).toBe(true);
});
