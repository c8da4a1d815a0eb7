import { useEffect, useState } from 'preact/hooks'
import type { ChatView, UserView } from '../../src/protocol/views.js'
import { Conversation } from '../chat/conversation.js'
import { Ordered } from '../chat/ordered.js'
import { api } from '../lib/api.js'
import { isLong, plainText } from '../lib/format.js'
import { useStore } from '../lib/store.js'
import { useFetch } from '../lib/use-fetch.js'
import { unansweredFirst, unreadTotal } from '../live/chats-state.js'
import { type ChatDesk, useChatDesk } from '../staff/chat-desk.js'
import { StaffHeader } from '../staff/staff-header.js'
import { startStaffPage } from '../staff/start-staff-page.js'
import { SoundSwitch } from '../staff/switches.js'
import { useTitle } from '../staff/use-alerts.js'
import { f, s, setTimeZone } from '../strings/language.js'
import { LinkBadge } from '../ui/link-badge.js'
import { LinkBanner } from '../ui/link-banner.js'
import { NetworkBanner } from '../ui/network-banner.js'
import { FetchProblem, Problem } from '../ui/problem.js'
import { ExpiringWarning } from '../ui/session-expiry.js'
import { SessionGate } from '../ui/session-gate.js'

function readHash(): number | null {
  const found = /^#([1-9]\d{0,9})$/.exec(location.hash)
  return found ? Number(found[1]) : null
}

/** The open conversation is in the URL's hash: the back button closes it, a link can open it. */
function useOpenChatId(): number | null {
  const [open, setOpen] = useState(readHash)
  useEffect(() => {
    const read = (): void => setOpen(readHash())
    addEventListener('hashchange', read)
    return () => removeEventListener('hashchange', read)
  }, [])
  return open
}

function Row({ chat, open }: { chat: ChatView; open: boolean }) {
  const last = chat.lastMessage
  return (
    <li>
      <a
        class="chat-row"
        href={`#${chat.id}`}
        aria-current={open ? 'true' : undefined}
        data-chat-id={chat.id}
        data-unread={chat.unread}
      >
        <span class="chat-seat" data-long={isLong(chat.order.seat.name)}>
          {chat.order.seat.name}
        </span>
        <span class="chat-text">
          <span class="chat-hall">{chat.order.seat.hall}</span>
          <span class="chat-last" dir="auto">
            {last
              ? last.from === 'staff'
                ? s.chat.youSaid(plainText(last.text))
                : plainText(last.text)
              : s.chat.noMessages}
          </span>
        </span>
        <span class="chat-when">
          {last && f.time(last.at, chat.timeZone)}
          {chat.unread > 0 && (
            <span class="badge">
              {chat.unread}
              <span class="visually-hidden"> {s.chat.unreadWord}</span>
            </span>
          )}
        </span>
      </a>
    </li>
  )
}

function Open({ desk, chat }: { desk: ChatDesk; chat: ChatView }) {
  const { messages } = useStore(desk.state)
  const more = useStore(desk.more).get(chat.id) ?? false
  const [error, setError] = useState<unknown>(null)
  const shown = messages.get(chat.id) ?? []
  const newest = shown.at(-1)?.id

  const fetching = useFetch(
    () => desk.load(chat.id),
    () => {},
    chat.id,
  )

  useEffect(() => {
    const read = (): void => {
      if (document.visibilityState === 'visible') void desk.markRead(chat.id)
    }
    read()
    document.addEventListener('visibilitychange', read)
    return () => document.removeEventListener('visibilitychange', read)
  }, [desk, chat.id, chat.unread, newest])

  return (
    <section class="chat-open" aria-label={s.chat.with(chat.order.seat.name)}>
      <header class="chat-open-head">
        <a class="button back" href="#all">
          {s.chat.all}
        </a>
        <h2>
          <span class="chat-seat">{chat.order.seat.name}</span> {chat.order.seat.hall}
        </h2>
        <p>{s.common.orderNumber(chat.id)}</p>
      </header>
      <Ordered orderId={chat.id} />
      <Problem error={error} />
      <FetchProblem fetching={fetching} />
      <Conversation
        chat={chat.id}
        side="staff"
        messages={shown}
        timeZone={chat.timeZone}
        outbox={desk.outbox}
        send={(text) => desk.send(chat.id, text)}
        more={more}
        onOlder={() => void desk.load(chat.id, shown[0]).catch(setError)}
      />
    </section>
  )
}

function Chat({ user }: { user: UserView }) {
  const desk = useChatDesk()
  // The list is sorted anew with each message.
  const { chats } = useStore(desk.state)
  const openId = useOpenChatId()
  const open = openId === null ? undefined : chats.get(openId)
  const unread = unreadTotal(chats.values())
  const linkState = useStore(desk.live.link).state
  useTitle(unread, s.chat.title)
  const [zone, ...otherZones] = new Set([...chats.values()].map((chat) => chat.timeZone))
  setTimeZone(otherZones.length === 0 ? zone : undefined)

  // Opened from an order's ticket before its first message, so it is not in the list yet.
  const isUnlisted = openId !== null && linkState === 'live' && !chats.has(openId)
  const fetching = useFetch(() => api.order(openId ?? 0), desk.addFor, isUnlisted ? openId : null)

  return (
    <>
      <ExpiringWarning link={desk.live.link} />
      <StaffHeader here="chat" user={user} unread={unread}>
        <SoundSwitch />
        <LinkBadge link={desk.live.link} />
      </StaffHeader>
      <LinkBanner link={desk.live.link} />
      <NetworkBanner link={desk.live.link} />
      <main class="chat" data-open={open ? 'yes' : 'no'}>
        <h1 class="visually-hidden">{s.chat.title}</h1>
        <section class="chat-list" aria-labelledby="chat-list-title">
          <h2 id="chat-list-title">{s.chat.list}</h2>
          <FetchProblem fetching={fetching} />
          <ul>
            {unansweredFirst(chats.values()).map((chat) => (
              <Row key={chat.id} chat={chat} open={chat.id === openId} />
            ))}
          </ul>
          {chats.size === 0 && <p class="quiet">{s.chat.none}</p>}
        </section>
        {open ? <Open key={open.id} desk={desk} chat={open} /> : <p class="chat-pick quiet">{s.chat.pick}</p>}
      </main>
    </>
  )
}

void startStaffPage(() => <SessionGate staffOnly>{({ user }) => <Chat user={user} />}</SessionGate>)
