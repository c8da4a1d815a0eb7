/** As far as it is used here: TypeScript declares it for browsers only. */
declare namespace WebAssembly {
  class RuntimeError extends Error {}
  function instantiate(
    bytes: Uint8Array,
    imports: object,
  ): Promise<{ instance: { exports: Record<string, unknown> } }>
}
