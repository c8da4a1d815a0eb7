import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { UsageError } from './command.js'

/**
 * Asks for a new password: twice and without echo at a terminal, else it is the first line of stdin. It is never an
 * argument: those stand in the list of processes and in the shell's history.
 */
export async function readNewPassword(): Promise<string> {
  if (!process.stdin.isTTY) return await readFirstLine()
  const password = await askSilently('Password: ')
  if (password !== (await askSilently('Once more: '))) throw new UsageError('The two passwords differ.')
  return password
}

async function readFirstLine(): Promise<string> {
  const lines = createInterface({ input: process.stdin, terminal: false })
  for await (const line of lines) {
    lines.close()
    return line
  }
  throw new UsageError('No password came on stdin: give it as one line.')
}

async function askSilently(question: string): Promise<string> {
  process.stderr.write(question)
  // readline echoes what is typed to its output: to one that swallows it
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: silence, terminal: true })
  terminal.once('SIGINT', () => {
    process.stderr.write('\n')
    process.exit(130)
  })
  try {
    return await terminal.question('')
  } finally {
    terminal.close()
    process.stderr.write('\n')
  }
}
