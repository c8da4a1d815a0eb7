// @ts-check
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** The engine stores the message of a panic here; the JavaScript error says only "unreachable". */
const panics = {
  message: '',
  set_message(/** @type {string} */ message) {
    this.message = message
  },
}
Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: panics })

/** The message of the engine's last panic, or an empty string. */
export function lastPanic() {
  return panics.message
}

/**
 * Instantiates @prisma/schema-engine-wasm. Its own entry point imports the .wasm file as an ES module, which Node supports
 * only behind a flag, so this does by hand what that entry point does.
 * @returns {Promise<typeof import('@prisma/schema-engine-wasm').SchemaEngine>}
 */
export async function loadSchemaEngine() {
  const path = fileURLToPath(import.meta.resolve('@prisma/schema-engine-wasm')).replace(/[^/\\]+$/, '')
  const [glue, bytes] = await Promise.all([
    import('@prisma/schema-engine-wasm/schema_engine_bg'),
    readFile(`${path}schema_engine_bg.wasm`),
  ])
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': glue })
  glue.__wbg_set_wasm(instance.exports)
  const start = /** @type {() => void} */ (instance.exports.__wbindgen_start)
  start()
  return glue.SchemaEngine
}
