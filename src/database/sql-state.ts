/** Where Prisma puts the code of a raw query that failed; its own codes (`P2010`) look like SQLSTATEs. */
interface PrismaError {
  meta?: { driverAdapterError?: { cause?: { originalCode?: unknown } } }
}

/** PostgreSQL's code (SQLSTATE) of an error of the driver, or of a raw query of Prisma's; null when there is none. */
export function sqlStateOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  const { meta }: Error & PrismaError = error
  const code = meta ? meta.driverAdapterError?.cause?.originalCode : 'code' in error && error.code
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null
}
