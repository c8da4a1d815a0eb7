// What the build puts into the worker (web/vite-worker.ts).

/** Names the build: its cache has this name. */
declare const BUILD: string
/** path of each hashed asset -> its SHA-256 in base64 */
declare const ASSETS: Readonly<Record<string, string>>
/** the signed-out shell and the assets that it needs -> SHA-256 in base64 */
declare const SHELL: Readonly<Record<string, string>>
declare const ICONS: { readonly icon: string; readonly badge: string }
declare const TEXTS: Readonly<
  Record<string, { order: string; other: string; titles: Readonly<Record<string, string>> }>
>
