import {
  AvatarIcon,
  CircleBackslashIcon,
  EnvelopeClosedIcon,
  HeartIcon,
  MagnifyingGlassIcon,
} from '@radix-ui/react-icons';
import { Text } from '@radix-ui/themes';
import { type ReactNode, useEffect } from 'react';
import { Link, useLocation } from 'wouter';
import { kith } from '../connection/kith.ts';
import { useLive } from '../connection/use-live-list.ts';
import { type Path, whichPlaceIsShown } from './which-place-is-shown.ts';

const PLACES: readonly { path: Path; name: string; icon: ReactNode }[] = [
  { path: '/', name: 'Friends', icon: <HeartIcon /> },
  { path: '/requests', name: 'Requests', icon: <EnvelopeClosedIcon /> },
  { path: '/people', name: 'People', icon: <MagnifyingGlassIcon /> },
  { path: '/blocked', name: 'Blocked', icon: <CircleBackslashIcon /> },
  { path: '/you', name: 'You', icon: <AvatarIcon /> },
];
const COUNTED_TO = 99;

/** The screens. The number of requests that wait for an answer counts live, here and in the tab's title. */
export function Navigation() {
  const [path] = useLocation();
  const waiting = useLive((list) => {
    const userId = kith.session.getSnapshot()?.user.id;
    return list.requests.filter(({ to }) => to.id === userId).length;
  });
  const here = useLive((list) => whichPlaceIsShown(path, list, kith.session.getSnapshot()?.user.id));
  const placeName = PLACES.find((each) => each.path === here)?.name;
  useEffect(() => {
    document.title = `${waiting > 0 ? `(${waiting}) ` : ''}${placeName ? `${placeName} · ` : ''}Kith`;
  }, [waiting, placeName]);
  return (
    <nav className="navigation" aria-label="Screens">
      {PLACES.map(({ path: to, name, icon }) => (
        <Link
          key={to}
          href={to}
          className="navigation-link"
          aria-current={here === to ? (path === to ? 'page' : 'true') : undefined}
        >
          <span className="navigation-icon" aria-hidden>
            {icon}
          </span>
          <Text size="2">{name}</Text>
          {to === '/requests' && waiting > 0 ? (
            <span className="navigation-badge" key={waiting}>
              {waiting > COUNTED_TO ? `${COUNTED_TO}+` : waiting}
              <span className="only-heard"> waiting for your answer</span>
            </span>
          ) : null}
        </Link>
      ))}
    </nav>
  );
}
