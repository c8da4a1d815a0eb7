import { pbkdf2, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { verify } from '@node-rs/argon2'

/**
 * Password hashes in the forms that Django stores (django.contrib.auth.hashers of 3.2, 4.2 and 5.2), which `npm run import`
 * brings: `pbkdf2_sha256$600000$salt$hash`, `pbkdf2_sha1$…`, `scrypt$16384$salt$8$1$hash` and `argon2$argon2id$v=19$m=…$salt$hash`.
 */
export interface DjangoHash {
  /** What decides how long a check takes, apart from `rounds`. Hashes of one kind differ in nothing else. */
  kind: string
  /** iterations of PBKDF2, whose time is proportional to them; 1 for other kinds */
  rounds: number
  verify(password: string): Promise<boolean>
  /** Takes the time of a check of so many rounds. */
  spend(password: string, rounds: number): Promise<void>
}

/** Costs above these are refused: each sign-in would take seconds, or memory by the gigabyte. */
const MAX_ROUNDS = 5_000_000
const MAX_SCRYPT_BYTES = 256 * 1024 * 1024
const MAX_SCRYPT_WORK = 2 ** 24
const MAX_ARGON2_KIB = 1024 * 1024
const MAX_ARGON2_WORK = 8 * 1024 * 1024

const deriveByPbkdf2 = promisify(pbkdf2)
const deriveByScrypt = promisify<string, string, number, ScryptOptions, Buffer>(scrypt)
const SPENT = 'a salt that no hash has'

/** Whether a stored hash is one that was imported from Django: ours begin with `$argon2id$`. */
export const isDjangoHash = (stored: string): boolean => !stored.startsWith('$')

/** Reads what Django has stored; null for an unusable password, an unsupported algorithm, and costs beyond the limits. */
export function readDjangoHash(stored: string): DjangoHash | null {
  const [algorithm = '', ...parts] = stored.split('$')
  if (algorithm === 'pbkdf2_sha256') return readPbkdf2(parts, 'sha256', 32)
  if (algorithm === 'pbkdf2_sha1') return readPbkdf2(parts, 'sha1', 20)
  if (algorithm === 'scrypt') return readScrypt(parts)
  if (algorithm === 'argon2') return readArgon2(stored.slice('argon2'.length))
  return null
}

function readPbkdf2(parts: readonly string[], digest: string, bytes: number): DjangoHash | null {
  const [iterations, salt, hash, more] = parts
  const rounds = readNumber(iterations, MAX_ROUNDS)
  const expected = readBase64(hash, bytes)
  if (!rounds || !salt || !expected || more !== undefined) return null
  const derive = (password: string, salted: string, count: number) =>
    deriveByPbkdf2(password, salted, count, bytes, digest)
  return {
    kind: `pbkdf2 ${digest}`,
    rounds,
    verify: async (password) => timingSafeEqual(await derive(password, salt, rounds), expected),
    async spend(password, count) {
      if (count > 0) await derive(password, SPENT, count)
    },
  }
}

function readScrypt(parts: readonly string[]): DjangoHash | null {
  const [cost, salt, block, parallel, hash, more] = parts
  const N = readNumber(cost, 2 ** 20)
  const r = readNumber(block, 64)
  const p = readNumber(parallel, 64)
  const expected = readBase64(hash, 64)
  if (!N || !r || !p || !salt || !expected || more !== undefined) return null
  const memory = 128 * r * (N + p)
  if ((N & (N - 1)) !== 0 || memory > MAX_SCRYPT_BYTES || N * r * p > MAX_SCRYPT_WORK) return null
  const derive = (password: string, salted: string) =>
    deriveByScrypt(password, salted, expected.length, { N, r, p, maxmem: 2 * memory })
  return {
    kind: `scrypt ${N} ${r} ${p}`,
    rounds: 1,
    verify: async (password) => timingSafeEqual(await derive(password, salt), expected),
    async spend(password) {
      await derive(password, SPENT)
    },
  }
}

/** @param encoded the part after `argon2`, which is argon2's own encoding */
function readArgon2(encoded: string): DjangoHash | null {
  const form =
    /^\$argon2(id|i|d)\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$[\w+/]{8,}\$([\w+/]{20,})$/.exec(encoded)
  if (!form) return null
  const [, variant, memory, time, lanes, hash = ''] = form
  if (Number(memory) > MAX_ARGON2_KIB || Number(memory) * Number(time) > MAX_ARGON2_WORK) return null
  const check = (password: string) => verify(encoded, password)
  return {
    kind: `argon2${variant} ${memory} ${time} ${lanes} ${hash.length}`,
    rounds: 1,
    verify: check,
    async spend(password) {
      await check(password)
    },
  }
}

function readNumber(text: string | undefined, max: number): number | null {
  const value = /^[1-9]\d{0,9}$/.test(text ?? '') ? Number(text) : 0
  return value >= 1 && value <= max ? value : null
}

function readBase64(text: string | undefined, bytes: number): Buffer | null {
  const value = Buffer.from(text ?? '', 'base64')
  return value.length === bytes && value.toString('base64') === text ? value : null
}
