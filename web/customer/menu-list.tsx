import type { MenuItemView } from '../../src/protocol/views.js'
import { plainText } from '../lib/format.js'
import type { MenuSection } from '../lib/menu-sections.js'
import { f, s } from '../strings/language.js'
import { FoodMark } from '../ui/food-mark.js'
import { Stepper } from './stepper.js'

interface Props {
  sections: readonly MenuSection[]
  quantity(item: MenuItemView): number
  onChange(item: MenuItemView, quantity: number): void
  /** The item has options to choose from. */
  onChoose(item: MenuItemView): void
}

/** The menu under its headings. */
export function MenuList({ sections, ...props }: Props) {
  return (
    <>
      {sections.map(({ id, name, items }) => (
        <section key={id} aria-labelledby={name ? id : undefined} class="menu-section">
          {name && (
            <h2 id={id} tabIndex={-1} class="menu-category">
              {plainText(name)}
            </h2>
          )}
          <ul class="menu">
            {items.map((item) => (
              <Dish key={item.id} item={item} {...props} />
            ))}
          </ul>
        </section>
      ))}
    </>
  )
}

function Dish({ item, quantity, onChange, onChoose }: Omit<Props, 'sections'> & { item: MenuItemView }) {
  const count = quantity(item)
  return (
    <li class="dish" data-menu-item-id={item.id} data-available={item.available} data-chosen={count > 0}>
      {item.picture && <DishPicture picture={item.picture} />}
      <div class="dish-text">
        <h3>
          <FoodMark diet={item.diet} /> {plainText(item.name)}
        </h3>
        {item.description && <p>{plainText(item.description)}</p>}
        <p class="dish-price">{f.money(item.price)}</p>
      </div>
      {!item.available ? (
        <p class="sold-out">{s.menu.soldOut}</p>
      ) : item.options.length > 0 ? (
        <ChooseButton item={item} count={count} onChoose={onChoose} />
      ) : (
        <Stepper name={item.name} quantity={count} onChange={(next) => onChange(item, next)} />
      )}
    </li>
  )
}

/** In a place of its own size, whatever the picture's; one that can't be had leaves the place empty. */
function DishPicture({ picture }: { picture: string }) {
  return (
    <span class="dish-picture">
      <img
        key={picture}
        src={picture}
        // the name stands beside it
        alt=""
        loading="lazy"
        decoding="async"
        width="80"
        height="80"
        onError={({ currentTarget }) => {
          currentTarget.hidden = true
        }}
      />
    </span>
  )
}

function ChooseButton({
  item,
  count,
  onChoose,
}: { item: MenuItemView; count: number } & Pick<Props, 'onChoose'>) {
  return (
    <div class="choose">
      <button
        type="button"
        class="add"
        data-action="add"
        aria-haspopup="dialog"
        aria-label={s.menu.addOne(item.name)}
        onClick={() => onChoose(item)}
      >
        {s.menu.add}
      </button>
      <small data-in-cart={count}>{count > 0 ? s.menu.inCart(f.number(count)) : s.menu.withOptions}</small>
    </div>
  )
}
