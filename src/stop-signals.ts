/** ms within which npm's copy of a signal arrives, on a busy machine too */
const COPY_MS = 500

/**
 * Calls `stop` once, at the first of the signals, and `abort` at each later one. Under npm a Ctrl-C arrives twice, from
 * the terminal and forwarded by npm, so one copy of the first signal is ignored.
 */
export function onStopSignals(
  signals: readonly NodeJS.Signals[],
  stop: (signal: NodeJS.Signals) => void,
  abort: () => void,
): void {
  let first: NodeJS.Signals | null = null
  let copyUntil = 0
  const receive = (signal: NodeJS.Signals) => {
    if (first === null) {
      first = signal
      copyUntil = performance.now() + COPY_MS
      stop(signal)
    } else if (signal === first && performance.now() < copyUntil) copyUntil = 0
    else abort()
  }
  for (const signal of signals) process.on(signal, () => receive(signal))
}
