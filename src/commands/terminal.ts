import { type Command, perform } from './command.js'
import { readNewPassword } from './password-input.js'

/** Runs a command as this process: its arguments, its streams, its exit code. */
export async function performHere(command: Command): Promise<void> {
  process.exitCode = await perform(command, process.argv.slice(2), {
    env: process.env,
    print: (line) => void process.stdout.write(`${line}\n`),
    complain: (text) => void process.stderr.write(`${text}\n`),
    readNewPassword,
  })
}
