import { EnvelopeClosedIcon, PaperPlaneIcon } from '@radix-ui/react-icons';
import { Tabs } from '@radix-ui/themes';
import { kith } from '../connection/kith.ts';
import { useLiveList } from '../connection/use-live-list.ts';
import { Screen } from '../layout/screen.tsx';
import { EmptyState } from '../problems/empty-state.tsx';
import { ListIsComing } from '../problems/list-is-coming.tsx';
import { RequestRow } from './request-row.tsx';

/** Both directions come with the live list: a request appears when it is sent, and goes when it is answered. */
export default function RequestsScreen() {
  const { requests, known, state } = useLiveList();
  const userId = kith.session.getSnapshot()?.user.id;
  const newestFirst = requests.toSorted((a, b) => (a.sentAt < b.sentAt ? 1 : -1));
  const incoming = newestFirst.filter(({ to }) => to.id === userId);
  const outgoing = newestFirst.filter(({ from }) => from.id === userId);
  return (
    <Screen title="Requests" lead="Who would like to be your friend, and whom you have asked.">
      <Tabs.Root defaultValue="incoming">
        <Tabs.List>
          <Tabs.Trigger value="incoming">For you{incoming.length > 0 ? ` (${incoming.length})` : ''}</Tabs.Trigger>
          <Tabs.Trigger value="outgoing">Sent{outgoing.length > 0 ? ` (${outgoing.length})` : ''}</Tabs.Trigger>
        </Tabs.List>
        {known ? null : <ListIsComing state={state} what="Requests" />}
        <Tabs.Content value="incoming" hidden={!known}>
          {incoming.length === 0 ? (
            <EmptyState icon={<EnvelopeClosedIcon />} title="No requests for you">
              When somebody asks to be your friend, they appear here at once.
            </EmptyState>
          ) : (
            <ul className="rows requests" aria-label="Requests for you">
              {incoming.map((request) => (
                <RequestRow key={request.id} request={request} direction="incoming" />
              ))}
            </ul>
          )}
        </Tabs.Content>
        <Tabs.Content value="outgoing" hidden={!known}>
          {outgoing.length === 0 ? (
            <EmptyState icon={<PaperPlaneIcon />} title="No sent requests">
              When you ask somebody to be your friend, the request stays here until they answer.
            </EmptyState>
          ) : (
            <ul className="rows requests" aria-label="Requests you sent">
              {outgoing.map((request) => (
                <RequestRow key={request.id} request={request} direction="outgoing" />
              ))}
            </ul>
          )}
        </Tabs.Content>
      </Tabs.Root>
    </Screen>
  );
}
