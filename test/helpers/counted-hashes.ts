import { createRequire } from 'node:module'

// Imported before anything that imports argon2: an ES module's names of a CommonJS module are bound at its first import.
const argon2: typeof import('@node-rs/argon2') = createRequire(import.meta.url)('@node-rs/argon2')
const { verify } = argon2

/** The hashes that passwords were verified against, in order. */
export const verified: string[] = []

argon2.verify = (hashed, ...rest) => {
  verified.push(String(hashed))
  return verify(hashed, ...rest)
}
