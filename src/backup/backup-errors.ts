/** The file is no backup, or is damaged. */
export class BackupFileError extends Error {
  override readonly name = 'BackupFileError'
}

/** The database can't be backed up, or not be restored to. The message is one line for the operator. */
export class BackupError extends Error {
  override readonly name = 'BackupError'
}
