import { ChevronDownIcon, OpenInNewWindowIcon } from '@radix-ui/react-icons';
import { Button, Flex, Heading, Text } from '@radix-ui/themes';
import { useEffect, useId, useRef, useState } from 'react';
import type { Demonstration as DemonstrationPeople } from '../connection/demonstration.ts';
import { kith } from '../connection/kith.ts';
import { openSecondWindow, seat } from '../connection/seat.ts';
import { PersonAvatar } from '../person/person-avatar.tsx';
import { ProblemCallout } from '../problems/problem-callout.tsx';
import type { Failure } from './use-submit.ts';

type Person = DemonstrationPeople['people'][number];

/** Two people of the demonstration, side by side: the quickest way to see what Kith does. */
export function Demonstration({ demonstration: { people, password } }: { demonstration: DemonstrationPeople }) {
  const [failure, setFailure] = useState<Failure | null>(null);
  const [signingIn, setSigningIn] = useState(false);
  const [here, setHere] = useState(people[0]?.username ?? '');
  const [there, setThere] = useState(people[1]?.username ?? '');

  async function signInAs(username: string): Promise<void> {
    setSigningIn(true);
    setFailure(null);
    try {
      await kith.session.signIn({ username, password });
    } catch (error) {
      setFailure({ error, since: Date.now() });
      setSigningIn(false);
    }
  }

  // A window that was opened for somebody of the demonstration needs no more clicks; once, or it could not be left.
  const tried = useRef(false);
  const isOpenedFor = people.some(({ username }) => username === seat);
  useEffect(() => {
    if (tried.current || !isOpenedFor || !seat || sessionStorage.getItem('kith.signed-in-once')) return;
    tried.current = true;
    sessionStorage.setItem('kith.signed-in-once', 'yes');
    void signInAs(seat);
  });

  return (
    <section className="demonstration" aria-labelledby="demonstration">
      <Heading as="h2" size="4" id="demonstration">
        See it in two windows
      </Heading>
      <Text as="p" size="2" color="gray">
        The {people.length} members of Zachary’s karate club live here. Be one of them, and another in a second window:
        what one does, the other sees.
      </Text>
      <Flex gap="3" wrap="wrap" className="demonstration-people">
        <PersonChoice label="In this window" people={people} value={here} onChange={setHere} />
        <PersonChoice label="In a second window" people={people} value={there} onChange={setThere} />
      </Flex>
      <Flex gap="3" wrap="wrap">
        <Button
          size="3"
          loading={signingIn}
          onClick={() => {
            openSecondWindow(there);
            void signInAs(here);
          }}
        >
          <OpenInNewWindowIcon aria-hidden /> Open both
        </Button>
        <Button size="3" variant="soft" disabled={signingIn} onClick={() => void signInAs(here)}>
          Only {nameIn(people, here)}, here
        </Button>
      </Flex>
      {failure ? <ProblemCallout error={failure.error} since={failure.since} /> : null}
    </section>
  );
}

function PersonChoice({
  label,
  people,
  value,
  onChange,
}: {
  label: string;
  people: readonly Person[];
  value: string;
  onChange(username: string): void;
}) {
  const id = useId();
  return (
    <div className="person-choice">
      <Text as="label" size="1" color="gray" weight="medium" htmlFor={id}>
        {label}
      </Text>
      <span className="person-choice-field">
        <PersonAvatar person={{ id: value, nickname: nameIn(people, value) }} size={26} />
        <select id={id} value={value} onChange={(event) => onChange(event.target.value)}>
          {people.map(({ username, nickname }) => (
            <option key={username} value={username}>
              {nickname}
            </option>
          ))}
        </select>
        <ChevronDownIcon aria-hidden />
      </span>
    </div>
  );
}

function nameIn(people: readonly Person[], username: string): string {
  return people.find((person) => person.username === username)?.nickname ?? username;
}
