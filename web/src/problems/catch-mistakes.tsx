import { Component, type ReactNode } from 'react';
import { ProblemCallout } from './problem-callout.tsx';

/** What a mistake of ours leaves of the page: a sentence and a way on, and never a blank page. */
export class CatchMistakes extends Component<{ children: ReactNode }, { error: unknown }> {
  override state = { error: undefined };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override render(): ReactNode {
    if (this.state.error === undefined) return this.props.children;
    return (
      <main className="screen">
        <ProblemCallout error={this.state.error} />
      </main>
    );
  }
}
