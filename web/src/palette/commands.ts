import { foldText } from '@kith/written-text';
import { chooseAppearance } from '../appearance/appearance.ts';
import { heldBackStore } from '../connection/held-back-store.ts';
import { signOut } from '../connection/sign-out.ts';
import { copyInviteLink } from '../you/copy-invite-link.ts';

export interface Command {
  readonly name: string;
  /** The keys that do the same without the palette. */
  readonly keys?: string;
  act(): void;
}

interface Page {
  navigate(path: string): void;
  onDrawer(): void;
  onUndo(): void;
}

/** What the page can do now, as far as its name has every word of `text`. */
export function commandsOf({ navigate, onDrawer, onUndo }: Page, text: string): readonly Command[] {
  const screens = ['Friends', 'Requests', 'People', 'Blocked', 'You'].map((screen) => ({
    name: `Go to ${screen}`,
    act: () => navigate(screen === 'Friends' ? '/' : `/${screen.toLowerCase()}`),
  }));
  const canUndo = heldBackStore.getSnapshot().length > 0;
  const all: readonly Command[] = [
    ...(canUndo ? [{ name: 'Undo the last change', keys: 'Ctrl Z', act: onUndo }] : []),
    ...screens,
    { name: 'Copy your invite link', act: () => void copyInviteLink() },
    { name: 'Light appearance', act: () => chooseAppearance('light') },
    { name: 'Dark appearance', act: () => chooseAppearance('dark') },
    { name: 'Appearance as the system', act: () => chooseAppearance('system') },
    { name: 'Look under the hood', act: onDrawer },
    { name: 'Sign out', act: () => void signOut() },
  ];
  const words = foldText(text).split(' ').filter(Boolean);
  return all.filter(({ name }) => words.every((word) => foldText(name).includes(word)));
}
