import { Flex, RadioCards, Text } from '@radix-ui/themes';
import { useState } from 'react';
import { ask } from '../connection/ask.ts';
import { queryClient } from '../connection/query-client.ts';
import type { FriendPolicy, OwnProfileQuery } from '../generated/graphql.ts';
import { announce } from '../problems/announce.ts';
import { ProblemCallout } from '../problems/problem-callout.tsx';
import { LabelledField } from '../sign-in/labelled-field.tsx';
import { SubmitButton } from '../sign-in/submit-button.tsx';
import { useSubmit } from '../sign-in/use-submit.ts';
import { UpdateProfile } from './you-operations.ts';

const POLICIES: readonly { value: FriendPolicy; title: string; meaning: string }[] = [
  { value: 'OPEN', title: 'Everybody', meaning: 'Whoever adds you is your friend at once.' },
  { value: 'APPROVAL', title: 'Whom I accept', meaning: 'They ask, and you decide.' },
  { value: 'CLOSED', title: 'Nobody', meaning: 'Nobody can ask. You still can.' },
];

/** What others see of one, to change. */
export function ProfileForm({ me }: { me: NonNullable<OwnProfileQuery['me']> }) {
  const [nickname, setNickname] = useState(me.nickname);
  const [avatarUrl, setAvatarUrl] = useState(me.avatarUrl ?? '');
  const [friendPolicy, setFriendPolicy] = useState(me.friendPolicy);
  const { form, sending, failure, waitSeconds, errors } = useSubmit(async () => {
    const { updateProfile } = await ask(UpdateProfile, { nickname, avatarUrl: avatarUrl.trim() || null, friendPolicy });
    queryClient.setQueryData<OwnProfileQuery>(['you'], { me: { ...me, ...updateProfile.user } });
    announce({ kind: 'saved', title: 'Saved', text: 'Every list you are on shows it by now.' });
  });
  return (
    <form {...form} aria-label="Profile">
      <Flex direction="column" gap="4">
        <LabelledField
          label="Name"
          name="nickname"
          required
          maxLength={64}
          value={nickname}
          onChange={(event) => setNickname(event.target.value)}
          error={errors.nickname}
        />
        <LabelledField
          label="Picture"
          name="avatarUrl"
          type="url"
          placeholder="https://"
          hint="The address of a picture, beginning with https. Leave it empty for your initials."
          maxLength={2048}
          value={avatarUrl}
          onChange={(event) => setAvatarUrl(event.target.value)}
          error={errors.avatarUrl}
        />
        <Flex direction="column" gap="2">
          <Text size="2" weight="medium" id="policy">
            Who may add you
          </Text>
          <RadioCards.Root
            columns={{ initial: '1', sm: '3' }}
            aria-labelledby="policy"
            value={friendPolicy}
            onValueChange={(value) => setFriendPolicy(value as FriendPolicy)}
          >
            {POLICIES.map(({ value, title, meaning }) => (
              <RadioCards.Item key={value} value={value} aria-label={title} className="policy">
                <Flex direction="column" gap="1" width="100%" height="100%">
                  <Text size="2" weight="medium">
                    {title}
                  </Text>
                  <Text size="1" color="gray">
                    {meaning}
                  </Text>
                </Flex>
              </RadioCards.Item>
            ))}
          </RadioCards.Root>
        </Flex>
        {failure ? <ProblemCallout error={failure.error} since={failure.since} /> : null}
        <Flex>
          <SubmitButton sending={sending} waitSeconds={waitSeconds}>
            Save
          </SubmitButton>
        </Flex>
      </Flex>
    </form>
  );
}
