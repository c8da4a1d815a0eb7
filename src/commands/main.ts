import { type Command, perform } from './command.js'
import { readNewPassword } from './password-input.js'

/** The commands that `npm run <name>` runs; each is loaded only when it is called. */
const COMMANDS: Record<string, () => Promise<Command>> = {
  user: async () => (await import('./user-command.js')).userCommand,
  theatre: async () => (await import('./theatre-command.js')).theatreCommand,
}

/** Runs the command that the first argument names: on this process's streams, with its exit code. */
async function main([name = '', ...args]: string[]): Promise<void> {
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!load) throw new Error(`Unknown command "${name}". Available: ${Object.keys(COMMANDS).join(', ')}.`)
  process.exitCode = await perform(await load(), args, {
    env: process.env,
    print: (line) => void process.stdout.write(`${line}\n`),
    complain: (text) => void process.stderr.write(`${text}\n`),
    readNewPassword,
  })
}

await main(process.argv.slice(2))
