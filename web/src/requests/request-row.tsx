import type { FriendRequest } from '@kith/client';
import { Button, Text } from '@radix-ui/themes';
import { useState } from 'react';
import { ask } from '../connection/ask.ts';
import { PersonAvatar } from '../person/person-avatar.tsx';
import { PersonLink } from '../person/person-link.tsx';
import { announceProblem } from '../problems/announce.ts';
import { AcceptRequest, CancelRequest, DeclineRequest } from './request-operations.ts';
import './requests.css';

const ANSWERS = { accept: AcceptRequest, decline: DeclineRequest, cancel: CancelRequest };
type Answer = keyof typeof ANSWERS;

/** The row goes when the list says that the request is closed, whoever closed it. */
export function RequestRow({ request, direction }: { request: FriendRequest; direction: 'incoming' | 'outgoing' }) {
  const [sent, setSent] = useState<Answer | null>(null);
  const person = direction === 'incoming' ? request.from : request.to;

  async function answer(kind: Answer): Promise<void> {
    setSent(kind);
    try {
      await ask(ANSWERS[kind] as typeof AcceptRequest, { requestId: request.id });
    } catch (error) {
      announceProblem(error);
      setSent(null);
    }
  }

  const button = (kind: Answer, label: string, isMain = false) => (
    <Button
      variant={isMain ? 'solid' : 'soft'}
      color={isMain ? 'iris' : 'gray'}
      loading={sent === kind}
      disabled={sent !== null}
      aria-label={`${label} ${person.nickname}`}
      onClick={() => void answer(kind)}
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
          {whenOf(request.sentAt)}
        </Text>
      </div>
      <div className="row-actions">
        {direction === 'incoming' ? (
          <>
            {button('accept', 'Accept', true)}
            {button('decline', 'Decline')}
          </>
        ) : (
          button('cancel', 'Take back')
        )}
      </div>
    </li>
  );
}

const times = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const whenOf = (sentAt: string) => times.format(new Date(sentAt));
