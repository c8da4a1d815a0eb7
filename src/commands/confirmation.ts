import { createInterface } from 'node:readline/promises'

/** Asks at the terminal for "yes"; any other answer is a no. Null where stdin is no terminal. */
export async function confirm(question: string): Promise<boolean | null> {
  if (!process.stdin.isTTY) return null
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    // Ctrl-D closes the terminal without an answer
    const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')))
    const answer = await Promise.race([terminal.question(`${question} Type yes: `), closed])
    return answer.trim().toLowerCase() === 'yes'
  } finally {
    terminal.close()
  }
}
