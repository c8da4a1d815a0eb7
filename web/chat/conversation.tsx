import type { RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { MAX_TEXT } from '../../src/protocol/subprotocol.js'
import type { MessageView } from '../../src/protocol/views.js'
import { plainText } from '../lib/format.js'
import { useStore } from '../lib/store.js'
import { f, s } from '../strings/language.js'
import type { Outbox } from './outbox.js'

interface Props {
  chat: number
  /** whose messages are "mine" */
  side: MessageView['from']
  messages: readonly MessageView[]
  /** of the theatre; the page's unless given */
  timeZone?: string | undefined
  outbox: Outbox
  send(text: string): void
  more: boolean
  onOlder(): void
  /** is set to the list of messages */
  log?: RefObject<HTMLDivElement | null>
}

function Bubble({
  message,
  mine,
  timeZone,
}: {
  message: MessageView
  mine: boolean
  timeZone: string | undefined
}) {
  const who = message.from === 'staff' ? s.chat.staff : s.chat.customer
  return (
    <li class={mine ? 'bubble mine' : 'bubble'} data-message-id={message.id} data-from={message.from}>
      <span class="visually-hidden">{mine ? s.chat.you : who}: </span>
      <p dir="auto">{plainText(message.text)}</p>
      <time dateTime={message.at}>{f.time(message.at, timeZone)}</time>
    </li>
  )
}

/** The messages of one conversation and the composer. Messages are plain text: nothing in them is interpreted. */
export function Conversation({ chat, side, messages, outbox, send, more, onOlder, ...props }: Props) {
  const waiting = useStore(outbox.waiting).filter((each) => each.chat === chat)
  const [text, setText] = useState(() => outbox.drafts.get(chat) ?? '')
  const own = useRef<HTMLDivElement>(null)
  const log = props.log ?? own
  const last = messages.at(-1)?.id ?? 0

  useEffect(() => {
    // Scrolls to a new message, but not when earlier ones are loaded.
    if (log.current) log.current.scrollTop = log.current.scrollHeight
  }, [last, waiting.length, chat])

  function submit(): void {
    const message = text.trim()
    if (message === '') return
    send(message)
    edit('')
  }

  function edit(draft: string): void {
    setText(draft)
    outbox.drafts.set(chat, draft)
  }

  return (
    <div class="conversation" data-chat-id={chat}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <div class="chat-log" ref={log} role="log" aria-label={s.chat.log} tabIndex={0}>
        {more && (
          <button type="button" class="older" onClick={onOlder}>
            {s.chat.older}
          </button>
        )}
        <ol>
          {messages.map((message) => (
            <Bubble
              key={message.id}
              message={message}
              mine={message.from === side}
              timeZone={props.timeZone}
            />
          ))}
          {waiting.map((each) => (
            <li
              key={each.clientId}
              class="bubble mine waiting"
              data-client-id={each.clientId}
              data-state={each.state}
            >
              <p dir="auto">{plainText(each.text)}</p>
              {each.state === 'failed' ? (
                <button type="button" onClick={() => outbox.resend(each)}>
                  {s.chat.sendAgain}
                </button>
              ) : (
                <span>{s.chat.sending}</span>
              )}
            </li>
          ))}
        </ol>
        {messages.length + waiting.length === 0 && <p class="quiet">{s.chat.empty[side]}</p>}
      </div>
      <form
        class="chat-composer"
        onSubmit={(event) => {
          event.preventDefault()
          submit()
        }}
      >
        <label>
          <span class="visually-hidden">{s.chat.message}</span>
          <textarea
            rows={1}
            maxLength={MAX_TEXT}
            placeholder={s.chat.placeholder[side]}
            value={text}
            onInput={(event) => edit(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' || event.shiftKey) return
              event.preventDefault()
              submit()
            }}
          />
        </label>
        <button type="submit" class="primary" disabled={text.trim() === ''}>
          {s.chat.send}
        </button>
      </form>
    </div>
  )
}
