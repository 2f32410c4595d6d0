import type { FriendRequest } from '@kith/client';
import { Button, Text } from '@radix-ui/themes';
import { useState } from 'react';
import { ask } from '../connection/ask.ts';
import { PersonAvatar } from '../person/person-avatar.tsx';
import { PersonLink } from '../person/person-link.tsx';
import { announceProblem } from '../problems/announce.ts';
import { holdBack } from '../undo/hold-back.tsx';
import { AcceptRequest } from './request-operations.ts';
import { tellWhen } from './tell-when.ts';
import './requests.css';

/** The row goes when the list says that the request is closed, whoever closed it. */
export function RequestRow({ request, direction }: { request: FriendRequest; direction: 'incoming' | 'outgoing' }) {
  const [sending, setSending] = useState(false);
  const person = direction === 'incoming' ? request.from : request.to;

  async function accept(): Promise<void> {
    setSending(true);
    try {
      await ask(AcceptRequest, { requestId: request.id });
    } catch (error) {
      announceProblem(error);
      setSending(false);
    }
  }

  const close = (kind: 'decline' | 'cancel', label: string) => (
    <Button
      variant="soft"
      color="gray"
      disabled={sending}
      aria-label={`${label} ${kind === 'cancel' ? 'to ' : ''}${person.nickname}`}
      onClick={() => holdBack({ kind, person: { id: person.id, name: person.nickname }, requestId: request.id })}
    >
      {label}
    </Button>
  );
  return (
    <li className="request">
      <PersonAvatar person={person} />
      <div className="row-words">
        <PersonLink person={person} />
        {request.message ? (
          <Text size="2">
            “<bdi>{request.message}</bdi>”
          </Text>
        ) : null}
        <Text size="2" color="gray">
          <time dateTime={request.sentAt} title={exactly.format(new Date(request.sentAt))}>
            {tellWhen(request.sentAt, Date.now())}
          </time>
        </Text>
      </div>
      <div className="row-actions">
        {direction === 'incoming' ? (
          <>
            <Button loading={sending} aria-label={`Accept ${person.nickname}`} onClick={() => void accept()}>
              Accept
            </Button>
            {close('decline', 'Decline')}
          </>
        ) : (
          close('cancel', 'Cancel request')
        )}
      </div>
    </li>
  );
}

const exactly = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' });
