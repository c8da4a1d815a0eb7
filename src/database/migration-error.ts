/** A migration that can't be applied, with Prisma's error code if there is one. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'

  constructor(
    message: string,
    readonly code = 'migration_failed',
  ) {
    super(message)
  }
}
