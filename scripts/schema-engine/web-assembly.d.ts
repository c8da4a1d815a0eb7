/** Only what is used here: TypeScript declares WebAssembly for browsers only. */
declare namespace WebAssembly {
  class RuntimeError extends Error {}
  function instantiate(
    bytes: Uint8Array,
    imports: object,
  ): Promise<{ instance: { exports: Record<string, unknown> } }>
}
