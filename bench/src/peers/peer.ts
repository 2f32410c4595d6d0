/** Kith's services as another gateway sees them: where each listens, and what it answers for. */
export interface ServicesBehind {
  readonly supergraph: string;
  readonly services: readonly { readonly name: string; readonly url: string; readonly sdl: string }[];
  /** Shown to every service with every request, beside the viewer's token. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Another gateway, to stand in Kith's place before Kith's own services. */
export interface Peer {
  readonly name: string;
  /** From npm, with exact versions; put into a folder outside the workspace when it is first measured. */
  readonly packages: Readonly<Record<string, string>>;
  /**
   * How it is started.
   *
   * @param place `installed`: the folder with its `node_modules`; `folder`: its own, for what it reads
   * @returns a command, which answers GraphQL at `path` of `port` once it is ready
   */
  prepare(
    behind: ServicesBehind,
    place: { readonly installed: string; readonly folder: string; readonly port: number },
  ): Promise<{ readonly command: string; readonly args: readonly string[]; readonly path: string }>;
}
