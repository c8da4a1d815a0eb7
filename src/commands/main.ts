import { basename } from 'node:path'
import { type Command, execute } from './command.js'
import { confirm } from './confirmation.js'
import { readNewPassword } from './password-input.js'

/** The commands of `npm run <name>`, in a release of `node command.js <name>`, loaded on demand. */
const COMMANDS: Record<string, () => Promise<Command>> = {
  user: async () => (await import('./user-command.js')).userCommand,
  payments: async () => (await import('./payments-command.js')).paymentsCommand,
  backup: async () => (await import('./backup-command.js')).backupCommand,
  restore: async () => (await import('./restore-command.js')).restoreCommand,
  import: async () => (await import('./import-command.js')).importCommand,
  migrate: async () => (await import('./migrate-command.js')).migrateCommand,
  theatre: async () => (await import('./theatre-command.js')).theatreCommand,
}

/** Runs the command named by the first argument, on the process's streams, and sets the exit code. */
async function main([name = '', ...args]: string[]): Promise<void> {
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!load) throw new Error(`Unknown command "${name}". Available: ${Object.keys(COMMANDS).join(', ')}.`)
  const command = await load()
  process.exitCode = await execute({ ...command, usage: asCalled(command.usage) }, args, {
    env: process.env,
    print: (line) => void process.stdout.write(`${line}\n`),
    printError: (text) => void process.stderr.write(`${asCalled(text)}\n`),
    readNewPassword,
    confirm,
  })
}

/** A release has neither npm nor npx: there, usage and errors name its own command. */
function asCalled(text: string): string {
  if (basename(process.argv[1] ?? '') !== 'command.js') return text
  return text
    .replace(/npm run (\w+) -- /g, 'node command.js $1 ')
    .replaceAll('npx prisma migrate', 'node command.js migrate')
}

await main(process.argv.slice(2))
