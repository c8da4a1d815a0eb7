import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { InputError, UsageError } from './command.js'

/**
 * Reads a new password: at a terminal by asking twice, without echo; else from the first line of stdin. It can't be an
 * argument, because those are visible in the process list and in the shell's history.
 */
export async function readNewPassword(): Promise<string> {
  return process.stdin.isTTY ? await askTwice() : await readFirstLine()
}

async function readFirstLine(): Promise<string> {
  const lines = createInterface({ input: process.stdin, terminal: false })
  for await (const line of lines) {
    lines.close()
    return line
  }
  throw new UsageError('No password on stdin: pass it as one line.')
}

async function askTwice(): Promise<string> {
  // readline turns the terminal's echo off and echoes what is typed to its output, which discards it here. It must be
  // open before the first prompt.
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: silence, terminal: true })
  terminal.once('SIGINT', () => {
    process.stderr.write('\n')
    terminal.close()
    process.exit(130)
  })
  const closed = once(terminal, 'close').then(() => {
    throw new UsageError('No password given.')
  })
  // the `finally` below closes the terminal too, after the last question
  closed.catch(() => {})
  async function ask(question: string): Promise<string> {
    process.stderr.write(question)
    // Ctrl-D rejects the question with readline's message and closes the terminal: prefer our error
    const answer = await Promise.race([terminal.question('').catch(() => closed), closed])
    process.stderr.write('\n')
    return answer
  }
  try {
    const password = await ask('Password: ')
    if (password !== (await ask('Repeat password: '))) throw new InputError('The passwords do not match.')
    return password
  } finally {
    terminal.close()
  }
}
