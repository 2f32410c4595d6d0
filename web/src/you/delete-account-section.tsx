import { AlertDialog, Button, Flex, Heading, Text } from '@radix-ui/themes';
import { ask } from '../connection/ask.ts';
import { signOut } from '../connection/sign-out.ts';
import { announce } from '../problems/announce.ts';
import { ProblemCallout } from '../problems/problem-callout.tsx';
import { LabelledField } from '../sign-in/labelled-field.tsx';
import { textOf, useSubmit } from '../sign-in/use-submit.ts';
import { DeleteAccount } from './you-operations.ts';

export function DeleteAccountSection() {
  const { form, sending, failure, waitSeconds, errors } = useSubmit(async (values) => {
    await ask(DeleteAccount, { password: textOf(values, 'password') });
    await signOut();
    announce({ kind: 'account', title: 'Your account is deleted' });
  }, 'password');
  return (
    <section className="screen-section" aria-labelledby="delete">
      <Flex justify="between" align="center" gap="4" wrap="wrap">
        <div className="row-words">
          <Heading as="h2" size="4" id="delete">
            Delete the account
          </Heading>
          <Text size="2" color="gray">
            Your profile, friendships and requests are erased. There is no way back.
          </Text>
        </div>
        <AlertDialog.Root>
          <AlertDialog.Trigger>
            <Button color="red" variant="soft" size="3">
              Delete …
            </Button>
          </AlertDialog.Trigger>
          <AlertDialog.Content maxWidth="420px">
            <AlertDialog.Title>Delete your account?</AlertDialog.Title>
            <AlertDialog.Description size="2" mb="4">
              You disappear from every friend list at once, and your username is free again.
            </AlertDialog.Description>
            <form {...form} aria-label="Delete the account">
              <Flex direction="column" gap="4">
                <LabelledField
                  label="Your password, to be sure"
                  name="password"
                  type="password"
                  autoComplete="current-password"
                  required
                  error={errors.password}
                />
                {failure ? <ProblemCallout error={failure.error} since={failure.since} /> : null}
                <Flex gap="3" justify="end">
                  <AlertDialog.Cancel>
                    <Button type="button" variant="soft" color="gray">
                      Keep it
                    </Button>
                  </AlertDialog.Cancel>
                  <Button type="submit" color="red" loading={sending} disabled={waitSeconds > 0}>
                    {waitSeconds > 0 ? `Wait ${waitSeconds} s` : 'Delete for good'}
                  </Button>
                </Flex>
              </Flex>
            </form>
          </AlertDialog.Content>
        </AlertDialog.Root>
      </Flex>
    </section>
  );
}
