import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { MAX_PICTURE_BYTES } from '../../src/protocol/menu-limits.js'
import type { ManagedItemView } from '../../src/protocol/views.js'
import { ApiError } from '../lib/api.js'
import { plainText } from '../lib/format.js'
import { managerApi } from '../lib/manager-api.js'
import { s } from '../strings/language.js'
import { st } from '../strings/staff/strings.js'
import { Problem } from '../ui/problem.js'
import { ConfirmDialog } from './confirm-dialog.js'
import { useChange } from './use-change.js'

const TYPES = 'image/jpeg,image/png,image/webp'

interface Props {
  item: ManagedItemView
  onChanged(): void
  onClose(): void
}

const overSize = (): ApiError => new ApiError(413, 'picture_over_5_mb', '')

/** Refuses what the service would refuse, before it is sent. */
function checkFile(file: File): void {
  if (file.size > MAX_PICTURE_BYTES) throw overSize()
  if (file.type !== '' && !TYPES.split(',').includes(file.type)) throw new ApiError(415, 'not_a_picture', '')
}

/** The dialog in which a manager gives an item a picture, replaces it or removes it. */
export function PictureDialog({ item, onChanged, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  const [asks, setAsks] = useState(false)
  const change = useChange()
  const removal = useChange()
  const name = plainText(item.name)
  useEffect(() => dialog.current?.showModal(), [])

  async function upload(file: File): Promise<void> {
    const send = async (): Promise<unknown> => {
      checkFile(file)
      return await managerApi.setPicture(item.id, file).catch((error: unknown) => {
        // a proxy before the service may allow less
        throw error instanceof ApiError && error.status === 413 ? overSize() : error
      })
    }
    if (await change.run(send, () => st.manage.picture.saved)) onChanged()
  }
  async function remove(): Promise<void> {
    const done = await removal.run(
      () => managerApi.removePicture(item.id),
      () => st.manage.picture.removed,
    )
    if (!done) return
    setAsks(false)
    onChanged()
  }

  return (
    <dialog ref={dialog} class="sheet" aria-labelledby={id} onClose={onClose}>
      <header class="sheet-head">
        <h2 id={id}>{st.manage.picture.title(name)}</h2>
        <button type="button" onClick={() => dialog.current?.close()}>
          {s.common.close}
        </button>
      </header>
      <div class="picture-form" data-busy={change.busy}>
        <div class="picture-preview" data-picture={item.picture ?? ''}>
          {item.picture ? (
            <img src={item.picture} alt={st.manage.picture.alt(name)} {...(item.pictureSize ?? {})} />
          ) : (
            <p class="quiet">{st.manage.picture.none}</p>
          )}
        </div>
        <p class="quiet">{st.manage.picture.hint}</p>
        <Problem error={change.problem} />
        <p class="row-actions">
          <FileButton
            label={item.picture ? st.manage.picture.replace : st.manage.picture.choose}
            busy={change.busy}
            onFile={(file) => void upload(file)}
          />
          {item.picture && (
            <button
              type="button"
              data-action="remove-picture"
              disabled={change.busy}
              onClick={() => setAsks(true)}
            >
              {st.manage.picture.remove}
            </button>
          )}
        </p>
        <p class="quiet saved">{change.busy ? st.manage.picture.sending : (change.done ?? removal.done)}</p>
      </div>
      {asks && (
        <ConfirmDialog
          title={st.manage.picture.removeTitle(name)}
          text={st.manage.picture.removeText}
          submit={st.manage.picture.remove}
          change={removal}
          onClose={() => setAsks(false)}
          onSubmit={() => void remove()}
        />
      )}
    </dialog>
  )
}

interface FileProps {
  label: string
  busy: boolean
  onFile(file: File): void
}

/** A file input that looks like a button. Choosing the same file again counts. */
function FileButton({ label, busy, onFile }: FileProps) {
  return (
    <label class="button primary file-button" data-busy={busy}>
      {label}
      <input
        type="file"
        name="picture"
        class="visually-hidden"
        accept={TYPES}
        disabled={busy}
        onChange={({ currentTarget }) => {
          const [file] = currentTarget.files ?? []
          if (file) onFile(file)
          currentTarget.value = ''
        }}
      />
    </label>
  )
}
