import { expect, test } from 'vitest';
import { over, subgraph } from '../testing/answer-by-subgraphs.ts';

const BOXES = [
  { id: '1', state: 'OPEN', states: ['OPEN', 'SECRET'], within: { __typename: 'Coin' }, all: [{ __typename: 'Key' }] },
  { id: '2', state: 'SECRET', states: ['SECRET'], within: { __typename: 'Key' }, all: [{ __typename: 'Coin' }] },
].map((box) => ({ ...box, sure: box.state, kept: box.within }));

/** Of a schema whose clients know neither a value, nor a member of a union, nor an interface. */
const overBoxes = () =>
  over(
    subgraph(
      'a',
      `type Query { boxes: [Box]! strict: [Box!] } enum State { OPEN SECRET @inaccessible }
      union Thing = Coin | Key interface Kept { worth: Int } type Key implements Kept & Lost { worth: Int }
      interface Lost @inaccessible { worth: Int }
      type Coin implements Kept @inaccessible { worth: Int }
      type Box { id: ID! state: State states: [State] within: Thing kept: Kept all: [Thing!] sure: State! }`,
      { query: { boxes: BOXES, strict: BOXES } },
    ),
  );

test('what clients do not see is null by type and value, alone and in lists, and no error', async () => {
  const { ask } = await overBoxes();
  const { data, errors } = await ask('{ boxes { state states within { __typename } kept { __typename } } }');
  const key = { __typename: 'Key' };
  expect(data.boxes).toEqual([
    { state: 'OPEN', states: ['OPEN', null], within: null, kept: null },
    { state: null, states: [null], within: key, kept: key },
  ]);
  expect(errors).toEqual([]);
});

test('where it cannot be null it is an error without its name, and null as far up as the types ask for', async () => {
  const { ask } = await overBoxes();
  const inItems = await ask('{ boxes { id all { __typename } } }');
  expect(inItems.data.boxes).toEqual([
    { id: '1', all: [{ __typename: 'Key' }] },
    { id: '2', all: null },
  ]);
  expect(inItems.errors).toMatchObject([{ path: ['boxes', 1, 'all', 0] }]);
  const inFields = await ask('{ boxes { id sure } strict { id sure } }');
  expect(inFields.data).toEqual({ boxes: [{ id: '1', sure: 'OPEN' }, null], strict: null });
  expect(inFields.errors).toMatchObject([{ path: ['boxes', 1, 'sure'] }, { path: ['strict', 1, 'sure'] }]);
  expect(JSON.stringify([inItems, inFields])).not.toMatch(/SECRET|Coin/);
});
