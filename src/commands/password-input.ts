import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { InputError, UsageError } from './command.js'

/**
 * Asks for a new password: twice and without echo at a terminal, else it is the first line of stdin. It is never an
 * argument: those stand in the list of processes and in the shell's history.
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
  throw new UsageError('No password came on stdin: give it as one line.')
}

async function askTwice(): Promise<string> {
  // readline echoes what is typed to its output: to one that swallows it. Opened before the first question, as it
  // is what turns the terminal's own echo off.
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: silence, terminal: true })
  terminal.once('SIGINT', () => {
    process.stderr.write('\n')
    terminal.close()
    process.exit(130)
  })
  const closed = once(terminal, 'close').then(() => {
    throw new UsageError('No password was given.')
  })
  // the finally below closes it too, when nobody is asked any more
  closed.catch(() => {})
  async function ask(question: string): Promise<string> {
    process.stderr.write(question)
    // Ctrl-D rejects the question with words of its own, and closes the terminal: those say it
    const answer = await Promise.race([terminal.question('').catch(() => closed), closed])
    process.stderr.write('\n')
    return answer
  }
  try {
    const password = await ask('Password: ')
    if (password !== (await ask('Once more: '))) throw new InputError('The two passwords differ.')
    return password
  } finally {
    terminal.close()
  }
}
