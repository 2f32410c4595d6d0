import { Callout, Card, Heading, Tabs, Text } from '@radix-ui/themes';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { AppearanceButton } from '../appearance/appearance-button.tsx';
import { demonstrationQuery } from '../connection/demonstration.ts';
import { Brand } from '../layout/brand.tsx';
import { Demonstration } from './demonstration.tsx';
import { SignInForm } from './sign-in-form.tsx';
import { SignUpForm } from './sign-up-form.tsx';
import './sign-in.css';

/** @param hasEnded a session was open here, and nobody on this page asked for its end */
export default function SignInScreen({ hasEnded }: { hasEnded: boolean }) {
  const { data: demonstration } = useQuery(demonstrationQuery);
  const [tab, setTab] = useState<string>('sign-in');
  return (
    <div className="sign-in">
      <header className="sign-in-top">
        <Brand />
        <AppearanceButton />
      </header>
      <main className="sign-in-main" data-demonstration={Boolean(demonstration)}>
        <section className="sign-in-pitch" aria-labelledby="pitch">
          <Heading as="h1" size="8" id="pitch" className="sign-in-title">
            Friend lists that never miss a change.
          </Heading>
          <Text as="p" size="4" color="gray">
            Somebody changes a name, accepts a request or says goodbye, and every list it concerns shows it a moment
            later: once, in order, also after a lost connection.
          </Text>
          {demonstration && !hasEnded ? <Demonstration demonstration={demonstration} /> : null}
        </section>
        <Card size="3" className="sign-in-card">
          {hasEnded ? (
            <Callout.Root color="amber" mb="4" role="status">
              <Callout.Text>
                <strong>Your session has ended.</strong> Sign in again, and you are back where you were.
              </Callout.Text>
            </Callout.Root>
          ) : null}
          <Tabs.Root value={tab} onValueChange={setTab}>
            <Tabs.List>
              <Tabs.Trigger value="sign-in">Sign in</Tabs.Trigger>
              <Tabs.Trigger value="sign-up">Create an account</Tabs.Trigger>
            </Tabs.List>
            <Tabs.Content value="sign-in" className="sign-in-panel">
              <SignInForm />
            </Tabs.Content>
            <Tabs.Content value="sign-up" className="sign-in-panel">
              <SignUpForm />
            </Tabs.Content>
          </Tabs.Root>
        </Card>
      </main>
    </div>
  );
}
